//! Premix beside other limiters. The comparison is a program of its own, in `compare/`, since it links the
//! host library of LV2 plugins, which nothing else needs.

use std::env;
use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;

use crate::{cargo, run, setup};

const ADVICE: &str = "see above what is missing";

pub fn compare(target: &Path, args: &[OsString]) -> Result<()> {
    setup::for_comparison(target)?;
    run(cargo(target).args(["build", "--release", "-p", "premix"]), ADVICE)?;
    let premix = target.join("release").join(format!("premix{}", env::consts::EXE_SUFFIX));
    let mut comparison = cargo(target);
    comparison
        .args(["run", "--release", "--manifest-path", "compare/Cargo.toml", "--target-dir"])
        .arg(target);
    comparison.args(["--", "--premix"]).arg(premix);
    for voices in [setup::corpus(target), setup::voices(target)] {
        comparison.arg("--voices").arg(voices);
    }
    run(comparison.arg("--scratch").arg(target.join("compared")).args(args), ADVICE)
}
