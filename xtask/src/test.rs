//! Every test, in the order in which failures are cheapest to find.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result};

use crate::{bundle, cargo, run, setup};

/// What is checked before the tests run: heading, arguments of cargo, what to do on failure.
const CHECKS: [(&str, &[&str], &str); 4] = [
    ("Format", &["fmt", "--all", "--check"], "run `cargo fmt --all`"),
    (
        "Lints",
        &["clippy", "--workspace", "--all-targets", "--features", "premix/plugin", "--", "-D", "warnings"],
        "mend what is named above",
    ),
    (
        "The command line without the plugin",
        &["build", "-p", "premix"],
        "the command line must build without the feature `plugin`; mend what is named above",
    ),
    (
        "The engine alone, without command line and files",
        &["build", "-p", "premix", "--no-default-features", "--lib"],
        "the engine must build without the feature `cli`; mend what is named above",
    ),
];

pub fn test(target: &Path, args: &[OsString]) -> Result<()> {
    heading("Setup");
    setup::programs()?;
    setup::speech(target)?;
    for (name, args, advice) in CHECKS {
        heading(name);
        run(cargo(target).args(args), advice)?;
    }
    heading("Plugins");
    bundle::bundle(target, false)?;
    heading("Tests");
    // Tests run in the directory of their crate.
    let speech = std::path::absolute(target.join("speech"))
        .context("the current directory is gone: call `cargo xtask test` in the repository")?;
    run(
        cargo(target)
            .args(["test", "--workspace", "--features", "premix/plugin"])
            .args(args)
            .env("PREMIX_SPEECH_DIR", speech),
        "mend what the failed test names above",
    )
}

fn heading(name: &str) {
    println!("\n== {name}");
}
