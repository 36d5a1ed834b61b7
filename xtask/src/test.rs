//! Every test, in the order in which failures are cheapest to find.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{around_cargo, bundle, cargo, run, setup};

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

/// What to do when a test fails.
const ADVICE: &str = "mend what the failed test names above";

pub fn test(target: &Path, args: &[OsString]) -> Result<()> {
    heading("Setup");
    setup::for_tests(target)?;
    for (name, args, advice) in CHECKS {
        heading(name);
        run(cargo(target).args(args), advice)?;
    }
    heading("Plugins");
    bundle::bundle(target, false)?;
    heading("Tests");
    // Tests run in the directory of their crate.
    let speech = std::path::absolute(setup::corpus(target))
        .context("the current directory is gone: call `cargo xtask test` in the repository")?;
    let features = ["test", "--workspace", "--features", "premix/plugin"];
    run(cargo(target).args(features).args(args).env("PREMIX_SPEECH_DIR", speech), ADVICE)?;
    // With arguments, only what they choose.
    if !args.is_empty() {
        return Ok(());
    }
    if cfg!(target_os = "linux") {
        heading("The window, on a virtual screen");
        run(
            around_cargo("xvfb-run", target)
                .args(["-a", "cargo"])
                .args(features)
                .args(["--test", "window", "--", "--ignored"])
                .env("LIBGL_ALWAYS_SOFTWARE", "1"),
            ADVICE,
        )?;
    }
    heading("The plugin in hosts that others wrote");
    run(
        Command::new(setup::python(target))
            .arg("tests/hosts.py")
            .arg(bundle::bundled(target, "Premix.vst3"))
            .arg(setup::a_recording(target)),
        ADVICE,
    )
}

fn heading(name: &str) {
    println!("\n== {name}");
}
