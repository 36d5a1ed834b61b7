//! The plugins as bundles, and where hosts look for them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::files;

/// What `bundle` makes.
const BUNDLES: [&str; 2] = ["Premix.clap", "Premix.vst3"];

/// Builds Premix.clap and Premix.vst3 into `bundled` of the target directory. Development builds abort
/// where `process` allocates.
pub fn bundle(target: &Path, release: bool) -> Result<()> {
    let mut args = vec!["bundle", "premix", "--features"];
    if release {
        args.extend(["plugin", "--release"]);
    } else {
        args.push("assert-no-alloc");
    }
    println!("$ cargo xtask {}", args.join(" "));
    nice_plug_xtask::main_with_args("cargo xtask", args.into_iter().map(String::from))?;
    for name in BUNDLES {
        println!("{} ({} bytes)", bundled(target, name).display(), size(&bundled(target, name))?);
    }
    Ok(())
}

/// Bundles for release and copies the bundles where hosts look, for everybody or for this user.
pub fn install(target: &Path, user: bool) -> Result<()> {
    bundle(target, true)?;
    for (name, folder) in BUNDLES.into_iter().zip(folders(user)?) {
        place(&bundled(target, name), &folder, name)
            .with_context(|| format!("{name} is not installed: run with the rights to, or with --user"))?;
        println!("Installed {}", folder.join(name).display());
    }
    Ok(())
}

/// Puts a bundle into a folder as `name`: beside its place first, so that a host never loads half a bundle.
fn place(bundle: &Path, folder: &Path, name: &str) -> Result<()> {
    let (to, partial) = (folder.join(name), folder.join(format!("{name}.partial")));
    files::create(folder)?;
    files::remove(&partial)?;
    files::copy(bundle, &partial)?;
    files::remove(&to)?;
    files::rename(&partial, &to)
}

/// Where hosts look for CLAP and for VST3.
fn folders(user: bool) -> Result<[PathBuf; 2]> {
    let home = || std::env::home_dir().context("no home directory is known: install without --user");
    let folders = match (std::env::consts::OS, user) {
        ("linux", true) => [home()?.join(".clap"), home()?.join(".vst3")],
        ("linux", false) => ["/usr/lib/clap".into(), "/usr/lib/vst3".into()],
        ("macos", user) => {
            let root = if user { home()? } else { PathBuf::from("/") };
            ["CLAP", "VST3"].map(|format| root.join("Library/Audio/Plug-Ins").join(format))
        }
        ("windows", user) => {
            let variable = if user { "LOCALAPPDATA" } else { "ProgramFiles" };
            let root = std::env::var_os(variable).with_context(|| format!("{variable} is not set"))?;
            let root = PathBuf::from(root).join(if user { "Programs/Common" } else { "Common Files" });
            [root.join("CLAP"), root.join("VST3")]
        }
        (system, _) => bail!("where hosts look on {system} is not known: copy the bundles by hand"),
    };
    Ok(folders)
}

/// Where [`bundle`] puts the bundle of this name.
pub fn bundled(target: &Path, name: &str) -> PathBuf {
    target.join("bundled").join(name)
}

fn size(path: &Path) -> Result<u64> {
    let metadata = fs::metadata(path).with_context(|| format!("{} has not been made", path.display()))?;
    if metadata.is_file() {
        return Ok(metadata.len());
    }
    files::entries(path)?.iter().map(|entry| size(entry)).sum()
}
