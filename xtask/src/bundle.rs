//! The plugins as bundles, and where hosts look for them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

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
        let from = bundled(target, name);
        let to = folder.join(name);
        // Beside its place first, so that a host never loads half a bundle.
        let partial = folder.join(format!("{name}.partial"));
        fs::create_dir_all(&folder).with_context(|| cannot_write(&folder))?;
        remove(&partial)?;
        copy(&from, &partial)?;
        remove(&to)?;
        fs::rename(&partial, &to).with_context(|| cannot_write(&to))?;
        println!("Installed {}", to.display());
    }
    Ok(())
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

fn bundled(target: &Path, name: &str) -> PathBuf {
    target.join("bundled").join(name)
}

fn size(path: &Path) -> Result<u64> {
    let metadata = fs::metadata(path).with_context(|| format!("{} has not been made", path.display()))?;
    if metadata.is_file() {
        return Ok(metadata.len());
    }
    entries(path)?.iter().map(|entry| size(entry)).sum()
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_file() {
        fs::copy(from, to).with_context(|| cannot_write(to))?;
        return Ok(());
    }
    fs::create_dir_all(to).with_context(|| cannot_write(to))?;
    for entry in entries(from)? {
        copy(&entry, &to.join(entry.file_name().unwrap_or_default()))?;
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    entries.with_context(|| format!("cannot read {}", folder.display()))
}

fn remove(path: &Path) -> Result<()> {
    let removed = match path.symlink_metadata() {
        Err(_) => return Ok(()),
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    };
    removed.with_context(|| cannot_write(path))
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}: run with the rights to, or with --user", path.display())
}
