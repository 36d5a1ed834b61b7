//! Ten minutes through the plugin in Ardour, against the command line; half an hour, hence not among the tests.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::{bundle, run, setup};

pub fn ardour(target: &Path) -> Result<()> {
    setup::for_ardour(target)?;
    // Builds the command line, too.
    bundle::bundle(target, true)?;
    run(
        Command::new(setup::python(target))
            .arg("tests/ardour.py")
            .arg(bundle::bundled(target, "Premix.vst3"))
            .arg(target.join("release").join(format!("premix{}", env::consts::EXE_SUFFIX)))
            .arg(setup::corpus(target))
            .arg(target.join("ardour")),
        "see above what failed; docs/hosts.md tells what is known of Ardour",
    )
}
