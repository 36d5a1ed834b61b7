//! The windows: what is drawn as a function of plain values, and what keeps it on a host's screen.

mod checklist;
mod controls;
mod delivery;
mod figures;
mod header;
mod history;
mod host;
mod layout;
mod levels;
mod overs;
mod reader;
mod theme;
mod view;
mod walla;

pub use host::{Content, Watch, WindowEditor};
pub use layout::{State, Subject, draw};
pub use reader::{Begin, End, Gesture, Set, Shared};
pub use view::*;
pub use walla::{WallaState, WallaView, draw_walla};
