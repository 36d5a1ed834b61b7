//! What the machine needs besides Rust, and the recorded speech the tests listen to.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::run;

/// The Debian packages to install, each named like its program, and what each is for.
const PROGRAMS: [(&str, &str); 2] = [
    ("ffmpeg", "the independent true-peak meter and prober of the tests, the resampler of the demo"),
    ("espeak-ng", "the voices of the demo"),
];

/// The Debian packages whose sounds are unpacked for the tests, not installed, and what they hold.
const SPEECH: [(&str, &str); 3] = [
    ("alsa-utils", "the names of the loudspeakers, in English"),
    ("ktuberling-data", "the words of a picture game, in many languages"),
    ("klettres-data", "letters and syllables, in many languages"),
];

/// Sounds among them that are no speech.
const NO_SPEECH: [&str; 1] = ["Noise.wav"];

/// Installs the programs that are missing.
pub fn programs() -> Result<()> {
    if !debian() {
        return programs_elsewhere();
    }
    let missing: Vec<_> = PROGRAMS.iter().filter(|(package, _)| !installed(package)).collect();
    if missing.is_empty() {
        println!("Installed: {}", names(&PROGRAMS).join(", "));
        return Ok(());
    }
    for (package, purpose) in &missing {
        println!("Missing: {package}, {purpose}");
    }
    let packages: Vec<_> = missing.iter().map(|(package, _)| *package).collect();
    let Some(apt_get) = apt_get_as_root() else {
        bail!(
            "installing needs root: run `sudo apt-get update && sudo apt-get install -y \
             --no-install-recommends {}`",
            packages.join(" ")
        );
    };
    run(apt_get().args(["update", "-q"]), NETWORK)?;
    run(apt_get().args(["install", "-q", "-y", "--no-install-recommends"]).args(packages), NETWORK)
}

/// Where apt-get does not install: names the programs and goes on if they are all there.
fn programs_elsewhere() -> Result<()> {
    println!("This is not a Debian system; Premix is developed with these programs:");
    for (program, purpose) in PROGRAMS {
        println!("  {program}: {purpose}");
    }
    let mut missing = names(&PROGRAMS);
    missing.retain(|program| !on_path(program));
    ensure!(
        missing.is_empty(),
        "not on the PATH: {}; install them with your system's package manager, then try again",
        missing.join(", ")
    );
    Ok(())
}

/// Fetches the speech corpus into `target/speech`, as `<package>/<path inside the package>`.
pub fn speech(target: &Path) -> Result<()> {
    let corpus = target.join("speech");
    let stamp = names(&SPEECH).join("\n");
    if fs::read_to_string(corpus.join(STAMP)).is_ok_and(|found| found == stamp) {
        println!("Recorded speech: {}", corpus.display());
        return Ok(());
    }
    if !debian() {
        println!(
            "The recorded speech is not fetched, it takes apt-get: the tests that need it fail \
             unless {} holds the sounds of the Debian packages {}",
            corpus.display(),
            names(&SPEECH).join(", ")
        );
        return Ok(());
    }

    // The corpus appears whole or not at all, so an interrupted run is simply run again.
    let partial = target.join("speech.partial");
    remove(&partial)?;
    let downloads = partial.join("downloads");
    let sounds = partial.join("sounds");
    fs::create_dir_all(&downloads).with_context(|| cannot("create", &downloads))?;
    fs::create_dir_all(&sounds).with_context(|| cannot("create", &sounds))?;

    download(&downloads)?;
    for deb in entries(&downloads)? {
        let name = deb.file_name().to_string_lossy().into_owned();
        let package = name.split('_').next().unwrap_or(&name);
        let unpacked = partial.join(package);
        run(
            Command::new("dpkg-deb").arg("-x").arg(deb.path()).arg(&unpacked),
            "free some disk space and run `cargo xtask setup` again",
        )?;
        let kept = keep_sounds(&unpacked, &sounds.join(package))?;
        ensure!(
            kept > 0,
            "{package} holds no sounds in this release of the system: look where they went and \
             mend the table in xtask/src/setup.rs"
        );
        println!("{package}: {kept} sounds");
    }
    fs::write(sounds.join(STAMP), stamp).with_context(|| cannot("write to", &sounds))?;
    remove(&corpus)?;
    fs::rename(&sounds, &corpus).with_context(|| cannot("create", &corpus))?;
    remove(&partial)?;
    println!("Recorded speech: {}", corpus.display());
    Ok(())
}

/// The file that says which packages a corpus was made from.
const STAMP: &str = ".packages";

/// What to do when apt-get fails.
const NETWORK: &str = "check the network and what apt-get says above, then try again";

/// Downloads the packages of the corpus into `directory`.
fn download(directory: &Path) -> Result<()> {
    for (package, contents) in SPEECH {
        println!("Downloading {package}: {contents}");
    }
    let mut download = Command::new("apt-get");
    download
        // Root's apt-get would download as a user who may not write here, and warn of it.
        .args(["download", "-q", "-o", "APT::Sandbox::User=root"])
        .args(names(&SPEECH))
        .current_dir(directory);
    // Without package lists, or with old ones, the first attempt fails.
    if download.output().is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    let Some(apt_get) = apt_get_as_root() else {
        bail!(
            "apt-get cannot download with the package lists it has: run `sudo apt-get update`, then try again"
        );
    };
    run(apt_get().args(["update", "-q"]), NETWORK)?;
    run(&mut download, NETWORK)
}

/// Moves the sounds below `from` to the same places below `to` and returns their number.
fn keep_sounds(from: &Path, to: &Path) -> Result<usize> {
    let mut kept = 0;
    for entry in entries(from)? {
        let destination = to.join(entry.file_name());
        let kind = entry.file_type().with_context(|| cannot("read", &entry.path()))?;
        if kind.is_dir() {
            kept += keep_sounds(&entry.path(), &destination)?;
        } else if kind.is_file() && is_speech(&destination) {
            fs::create_dir_all(to).with_context(|| cannot("create", to))?;
            fs::rename(entry.path(), &destination).with_context(|| cannot("create", &destination))?;
            kept += 1;
        }
    }
    Ok(kept)
}

fn is_speech(file: &Path) -> bool {
    let sound = file.extension().is_some_and(|extension| extension == "wav" || extension == "ogg");
    sound && !NO_SPEECH.iter().any(|name| file.ends_with(name))
}

fn entries(directory: &Path) -> Result<Vec<fs::DirEntry>> {
    fs::read_dir(directory).and_then(Iterator::collect).with_context(|| cannot("read", directory))
}

fn remove(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory).with_context(|| cannot("remove", directory))?;
    }
    Ok(())
}

fn cannot(verb: &str, path: &Path) -> String {
    format!("cannot {verb} {}, see to its permissions and the disk space", path.display())
}

fn names<const N: usize>(packages: &[(&'static str, &str); N]) -> Vec<&'static str> {
    packages.iter().map(|(package, _)| *package).collect()
}

fn debian() -> bool {
    on_path("apt-get") && on_path("dpkg-query")
}

fn on_path(program: &str) -> bool {
    let file = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(&file).is_file()))
}

fn installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["-W", "-f", "${Status}", package])
        .output()
        .is_ok_and(|output| output.stdout == b"install ok installed")
}

/// apt-get with the rights to install and without questions, if they are to be had without a password.
fn apt_get_as_root() -> Option<impl Fn() -> Command> {
    let user = Command::new("id").arg("-u").output();
    let root = user.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    (root || sudo_without_password()).then_some(move || {
        let mut command = Command::new(if root { "env" } else { "sudo" });
        if !root {
            command.args(["-n", "env"]);
        }
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        command
    })
}

fn sudo_without_password() -> bool {
    Command::new("sudo").args(["-n", "true"]).output().is_ok_and(|output| output.status.success())
}
