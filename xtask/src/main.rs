//! What a developer does with Premix: `cargo xtask setup`, `bundle`, `install`, `demo`, `compare`, `test` and `ardour`.

mod ardour;
mod bundle;
mod compare;
mod demo;
mod files;
mod setup;
mod test;

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Parser;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about)]
enum Task {
    /// Install what is missing for the other tasks, fetch the recorded speech and the hosts for the tests
    Setup,
    /// Build Premix.clap and Premix.vst3
    Bundle {
        /// Optimised and without checks, for hosts
        #[arg(long)]
        release: bool,
    },
    /// Build the plugins for release and copy them where hosts look
    Install {
        /// For this user alone
        #[arg(long)]
        user: bool,
    },
    /// Make a short dub scene, bounce its premix through plugin and command line, and check it
    Demo,
    /// Install other limiters, run them and Premix on the same signals, and print how they compare
    Compare {
        /// What to compare (speed, limits, sound, tuning) and other arguments of the comparison
        #[arg(last = true)]
        args: Vec<OsString>,
    },
    /// Check the format and the lints, and run every test
    Test {
        /// Arguments for `cargo test`
        #[arg(last = true)]
        args: Vec<OsString>,
    },
    /// Export ten minutes from Ardour, through the plugin, and compare them with the command line
    Ardour,
}

fn main() -> ExitCode {
    match perform(&Task::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            error.downcast_ref::<Failed>().map_or(ExitCode::FAILURE, |failed| ExitCode::from(failed.status))
        }
    }
}

fn perform(task: &Task) -> Result<()> {
    let target = enter_repository()?;
    match task {
        Task::Setup => setup::for_tests(&target),
        Task::Bundle { release } => bundle::bundle(&target, *release),
        Task::Install { user } => bundle::install(&target, *user),
        Task::Demo => demo::demo(&target),
        Task::Compare { args } => compare::compare(&target, args),
        Task::Test { args } => test::test(&target, args),
        Task::Ardour => ardour::ardour(&target),
    }
}

/// Makes the repository the current directory and returns cargo's target directory.
fn enter_repository() -> Result<PathBuf> {
    // Cargo reads a relative CARGO_TARGET_DIR from where it was called, which is about to change.
    let target = match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => std::path::absolute(dir).context("CARGO_TARGET_DIR must name a directory")?,
        None => PathBuf::from("target"),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    env::set_current_dir(&root)
        .with_context(|| format!("the repository has left {}: build again", root.display()))?;
    Ok(target)
}

/// Cargo, building into `target`.
fn cargo(target: &Path) -> Command {
    around_cargo("cargo", target)
}

/// A program that is or calls cargo, which builds into `target`.
fn around_cargo(program: &str, target: &Path) -> Command {
    let mut command = Command::new(program);
    if target.is_absolute() {
        command.env("CARGO_TARGET_DIR", target);
    }
    command
}

/// Echoes a command line and runs it; its failure ends xtask with the same exit status, the
/// command line and `advice` on what to do.
fn run(command: &mut Command, advice: &'static str) -> Result<()> {
    let line = command_line(command);
    println!("$ {line}");
    let status =
        command.status().with_context(|| format!("`{line}` does not start: put its program on the PATH"))?;
    if status.success() {
        return Ok(());
    }
    Err(Failed { line, status: status.code().map_or(1, |code| code.try_into().unwrap_or(1)), advice }.into())
}

/// A command line that ran and failed.
#[derive(Debug)]
struct Failed {
    line: String,
    status: u8,
    advice: &'static str,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { line, status, advice } = self;
        write!(f, "`{line}` ended with exit status {status}: {advice}")
    }
}

impl std::error::Error for Failed {}

/// A command as one would type it into a shell.
fn command_line(command: &Command) -> String {
    let variables = command.get_envs().filter_map(|(name, value)| {
        let value = value?.to_string_lossy();
        Some(format!("{}={}", name.to_string_lossy(), quoted(&value)))
    });
    let words = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| quoted(&word.to_string_lossy()));
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    if word.contains(char::is_whitespace) { format!("'{word}'") } else { word.to_owned() }
}
