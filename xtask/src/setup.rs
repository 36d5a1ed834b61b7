//! What the machine needs besides Rust, and the recorded speech to listen to.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::files::{self, cannot};
use crate::run;

/// Something to install.
struct Need {
    /// The Debian package.
    package: &'static str,
    /// The program by which to know it on other systems; none where a library cannot be looked for.
    program: Option<&'static str>,
    purpose: &'static str,
}

const fn program(package: &'static str, program: &'static str, purpose: &'static str) -> Need {
    Need { package, program: Some(program), purpose }
}

const fn library(package: &'static str, purpose: &'static str) -> Need {
    Need { package, program: None, purpose }
}

/// For the demo, and for the tests, too.
const DEMO: [Need; 2] = [
    program(
        "ffmpeg",
        "ffmpeg",
        "the independent true-peak meter and prober of the tests, the resampler of the demo",
    ),
    program("espeak-ng", "espeak-ng", "the voices of the demo"),
];

/// For the hosts that others wrote, which the tests render in. The other libraries of these hosts are
/// ffmpeg's and the compiler's, too.
const HOSTS: [Need; 3] = [
    program("python3", "python3", "the language of the test hosts pedalboard and DawDreamer"),
    library("python3-venv", "what keeps the test hosts inside the target directory"),
    library("libgl1", "OpenGL for DawDreamer"),
];

/// For the tests by hand in a workstation.
const ARDOUR: [Need; 2] = [
    program("ardour", "ardour", "the workstation to render in"),
    program("gdb", "gdb", "what asks Ardour for an export in real time"),
];

/// For the plugin's window, which the tests show on a virtual screen. The plugin loads these libraries
/// when its window opens.
const WINDOW: [Need; 7] = [
    program("xvfb", "xvfb-run", "the virtual screen of the window tests"),
    program("xauth", "xauth", "the key to the virtual screen"),
    library("libegl1", "OpenGL for the plugin's window"),
    library("libgl1-mesa-dri", "OpenGL without a graphics card"),
    library("libx11-6", "the window system of the plugin's window"),
    library("libx11-xcb1", "the window system of the plugin's window"),
    library("libxkbcommon-x11-0", "the keyboard of the plugin's window"),
];

/// The Debian packages whose sounds are unpacked for the tests, not installed, and what they hold.
const SPEECH: [(&str, &str); 3] = [
    ("alsa-utils", "the names of the loudspeakers, in English"),
    ("ktuberling-data", "the words of a picture game, in many languages"),
    ("klettres-data", "letters and syllables, in many languages"),
];

/// Sounds among them that are no speech.
const NO_SPEECH: [&str; 1] = ["Noise.wav"];

/// More voices, to compare limiters on: shouts, and speakers whom the packages name.
const MORE_VOICES: [(&str, &str); 2] = [
    ("hedgewars-data", "hedgehogs that shout, in many languages"),
    ("tuxpaint-stamps-default", "the names of stamps, in many languages"),
];

/// For the comparison with other limiters.
const PEERS: [Need; 5] = [
    program("ffmpeg", "ffmpeg", "the limiter alimiter, and the decoder of the voices"),
    library("x42-plugins", "the limiter x42 dpl"),
    library("lsp-plugins-lv2", "the limiter of LSP"),
    library("liblilv-dev", "what hosts the other two"),
    program("pkg-config", "pkg-config", "what finds that library for the build"),
];

/// Where the speech corpus lies.
pub fn corpus(target: &Path) -> PathBuf {
    target.join("speech")
}

/// Where the voices for the comparison lie.
pub fn voices(target: &Path) -> PathBuf {
    target.join("voices")
}

/// A recording of the corpus, at 48 kHz and without noise.
pub fn a_recording(target: &Path) -> PathBuf {
    corpus(target).join("alsa-utils/usr/share/sounds/alsa/Front_Center.wav")
}

/// Installs what the demo needs.
pub fn for_demo() -> Result<()> {
    install(DEMO.iter().collect())
}

/// Installs and fetches what the tests need.
pub fn for_tests(target: &Path) -> Result<()> {
    let window = if cfg!(target_os = "linux") { &WINDOW[..] } else { &[] };
    install(DEMO.iter().chain(&HOSTS).chain(window).collect())?;
    sounds(&corpus(target), &SPEECH)?;
    hosts(target)
}

/// Installs and fetches what rendering in Ardour takes.
pub fn for_ardour(target: &Path) -> Result<()> {
    install(HOSTS.iter().chain(&ARDOUR).collect())?;
    sounds(&corpus(target), &SPEECH)?;
    hosts(target)
}

/// Installs and fetches what the comparison needs.
pub fn for_comparison(target: &Path) -> Result<()> {
    install(PEERS.iter().collect())?;
    sounds(&corpus(target), &SPEECH)?;
    sounds(&voices(target), &MORE_VOICES)
}

/// Installs what is missing.
fn install(needs: Vec<&Need>) -> Result<()> {
    if !debian() {
        return look_for(&needs);
    }
    let (installed, missing): (Vec<&Need>, Vec<&Need>) =
        needs.into_iter().partition(|need| installed(need.package));
    if !installed.is_empty() {
        println!("Installed: {}", packages(&installed).join(", "));
    }
    if missing.is_empty() {
        return Ok(());
    }
    for Need { package, purpose, .. } in &missing {
        println!("Missing: {package}, {purpose}");
    }
    let packages = packages(&missing);
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

fn packages(needs: &[&Need]) -> Vec<&'static str> {
    needs.iter().map(|need| need.package).collect()
}

/// Where apt-get does not install: names what is needed and goes on if all programs are there.
fn look_for(needs: &[&Need]) -> Result<()> {
    println!("This is not a Debian system; Premix is developed with these packages of Debian:");
    for Need { package, purpose, .. } in needs {
        println!("  {package}: {purpose}");
    }
    let mut missing: Vec<_> = needs.iter().filter_map(|need| need.program).collect();
    missing.retain(|program| !on_path(program));
    ensure!(
        missing.is_empty(),
        "not on the PATH: {}; install them with your system's package manager, then try again",
        missing.join(", ")
    );
    Ok(())
}

/// The Python that has the test hosts.
pub fn python(target: &Path) -> PathBuf {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    target.join("hosts").join(folder).join(format!("python{}", env::consts::EXE_SUFFIX))
}

/// Fetches the test hosts into `target/hosts`; quick if they are there.
fn hosts(target: &Path) -> Result<()> {
    run(
        Command::new("python3").args(["-m", "venv"]).arg(target.join("hosts")),
        "it takes Python 3.11 or newer with its module venv; see above what is missing",
    )?;
    run(
        Command::new(python(target))
            .args(["-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary", ":all:"])
            .args(["-r", "tests/hosts.txt"]),
        "check the network and what pip says above; the hosts take Python 3.11 or newer",
    )
}

/// Fetches the sounds of packages into `corpus`, as `<package>/<path inside the package>`.
fn sounds(corpus: &Path, wanted: &[(&str, &str)]) -> Result<()> {
    let stamp = names(wanted).join("\n");
    if fs::read_to_string(corpus.join(STAMP)).is_ok_and(|found| found == stamp) {
        println!("Recorded speech: {}", corpus.display());
        return Ok(());
    }
    if !debian() {
        println!(
            "The recorded speech is not fetched, it takes apt-get: what needs it fails \
             unless {} holds the sounds of the Debian packages {}",
            corpus.display(),
            names(wanted).join(", ")
        );
        return Ok(());
    }

    // The corpus appears whole or not at all, so an interrupted run is simply run again.
    let partial = corpus.with_extension("partial");
    files::remove(&partial)?;
    let downloads = partial.join("downloads");
    let sounds = partial.join("sounds");
    files::create(&downloads)?;
    files::create(&sounds)?;

    download(&downloads, wanted)?;
    for deb in files::entries(&downloads)? {
        let name = deb.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let package = name.split('_').next().unwrap_or(&name);
        let unpacked = partial.join(package);
        run(
            Command::new("dpkg-deb").arg("-x").arg(&deb).arg(&unpacked),
            "free some disk space and try again",
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
    files::remove(corpus)?;
    files::rename(&sounds, corpus)?;
    files::remove(&partial)?;
    println!("Recorded speech: {}", corpus.display());
    Ok(())
}

/// The file that says which packages a corpus was made from.
const STAMP: &str = ".packages";

/// What to do when apt-get fails.
const NETWORK: &str = "check the network and what apt-get says above, then try again";

fn names<'a>(wanted: &[(&'a str, &str)]) -> Vec<&'a str> {
    wanted.iter().map(|(package, _)| *package).collect()
}

/// Downloads packages into `directory`.
fn download(directory: &Path, wanted: &[(&str, &str)]) -> Result<()> {
    for (package, contents) in wanted {
        println!("Downloading {package}: {contents}");
    }
    let mut download = Command::new("apt-get");
    download
        // Root's apt-get would download as a user who may not write here, and warn of it.
        .args(["download", "-q", "-o", "APT::Sandbox::User=root"])
        .args(names(wanted))
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
    for entry in files::entries(from)? {
        let destination = to.join(entry.file_name().unwrap_or_default());
        // Links lead to what is here as well.
        if entry.is_symlink() {
            continue;
        }
        if entry.is_dir() {
            kept += keep_sounds(&entry, &destination)?;
        } else if is_speech(&destination) {
            files::create(to)?;
            files::rename(&entry, &destination)?;
            kept += 1;
        }
    }
    Ok(kept)
}

fn is_speech(file: &Path) -> bool {
    let sound = file.extension().is_some_and(|extension| extension == "wav" || extension == "ogg");
    sound && !NO_SPEECH.iter().any(|name| file.ends_with(name))
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
