//! A short dub scene from nothing: synthetic voices, their premix and its check.

use std::env;
use std::f32::consts::PI;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::files::{self, cannot};
use crate::{bundle, cargo, run, setup};

const SAMPLE_RATE: u32 = 48_000;
const FRAME_RATE: u32 = 24;
const SECONDS: u32 = 30;
const SAMPLES: usize = (SAMPLE_RATE * SECONDS) as usize;

/// The premix, named as the delivery asks.
const NAME: &str = "81234567_StationCafe_24_Mono_fr_PreMixQC_v1.wav";

/// Every line peaks 3.5 dB above the ceiling of -6 dBTP, so that the limiter has to work.
const LINE_PEAK_DB: f32 = -2.5;
/// The crowd as an editor delivers it, before the bounce turns it down.
const WALLA_RMS_DB: f32 = -24.0;
const WALLA_FADE_SECONDS: f32 = 1.5;

/// How someone speaks, in espeak-ng's terms: words per minute, and a pitch from 0 to 99.
struct Voice<'a> {
    name: &'a str,
    speed: u32,
    pitch: u32,
}

const ANNOUNCER: Voice = voice("fr+f2", 170, 55);
const TRAVELLER: Voice = voice("en-gb+m3", 165, 40);
const BARMAN: Voice = voice("it+m1", 175, 45);
const CELLIST: Voice = voice("de+f3", 170, 60);
const FATHER: Voice = voice("es+m2", 175, 30);
const CONDUCTOR: Voice = voice("pt-br+f4", 175, 50);

const fn voice(name: &str, speed: u32, pitch: u32) -> Voice<'_> {
    Voice { name, speed, pitch }
}

/// A station café at night: who speaks and what is said.
const SCENE: [(&Voice, &str); 9] = [
    (&ANNOUNCER, "Le train de nuit pour Lisbonne aura vingt minutes de retard."),
    (&TRAVELLER, "Twenty minutes! Then there is time for a coffee."),
    (&BARMAN, "Buonasera! Un caffè anche per la signora?"),
    (&CELLIST, "Ja, gern. Aber Vorsicht, da steht mein Cello."),
    (&FATHER, "¿Toca usted el chelo? Mi hija canta mañana en Lisboa."),
    (&CELLIST, "Dann kenne ich sie: Ich spiele in ihrem Orchester!"),
    (&FATHER, "¡No me diga! La próxima ronda la pago yo."),
    (&CONDUCTOR, "Atenção! O trem para Lisboa já vai partir!"),
    (&TRAVELLER, "So much for the coffee. Run!"),
];

/// What the crowd talks about; a woman and a man each say every passage, in their own time.
const CROWD: [(&str, &str); 8] = [
    (
        "fr",
        "Tu as vu l'heure ? On devait dîner chez ma sœur, et voilà que le train n'arrive pas. \
         Je vais lui téléphoner, elle gardera la soupe au chaud.",
    ),
    (
        "de",
        "Hast du die Fahrkarten? Sie waren doch eben noch in deiner Manteltasche. Schau lieber \
         noch einmal nach, bevor der Schaffner kommt.",
    ),
    (
        "es",
        "Te digo que la ventana no cierra. El invierno pasado fue igual, y nadie la arregló. \
         Ponte la bufanda y no te quejes tanto.",
    ),
    (
        "en-gb",
        "I told her the blue suitcase was too heavy, but she would not listen, and now of course \
         I am the one who carries it up the stairs.",
    ),
    (
        "it",
        "Mio nonno lavorava in questa stazione. Diceva sempre che il caffè era migliore quando \
         c'erano ancora i treni a vapore.",
    ),
    (
        "pt-br",
        "Ele marcou o gol no último minuto, e o estádio inteiro ficou em pé. Eu perdi a voz de \
         tanto gritar, ainda estou rouco.",
    ),
    (
        "nl",
        "Morgen gaan we naar het strand, als het niet regent. Neem jij het brood mee, dan zorg \
         ik voor de kaas en de koffie.",
    ),
    (
        "pl",
        "Nie uwierzysz, kogo spotkałam wczoraj na rynku. Po dwudziestu latach poznała mnie od \
         razu i zaprosiła na herbatę.",
    ),
];

pub fn demo(target: &Path) -> Result<()> {
    setup::for_demo()?;
    // Builds the command line, too.
    bundle::bundle(target, true)?;

    let folder = target.join("demo");
    files::create(&folder)?;
    let [dialogue, walla, premix, float, by_plugin] =
        ["dialogue.wav", "walla.wav", NAME, "premix-32f.wav", "premix-by-plugin-32f.wav"]
            .map(|name| folder.join(name));
    write(&dialogue, &speak_scene()?)?;
    write(&walla, &murmur()?)?;

    let program = target.join("release").join(format!("premix{}", env::consts::EXE_SUFFIX));
    let length = timecode(SAMPLES);
    let frame_rate = FRAME_RATE.to_string();
    let delivery = ["--length", &length, "--frame-rate", &frame_rate];

    for (output, bit_depth) in [(&premix, "24"), (&float, "32f")] {
        println!();
        run(
            Command::new(&program)
                .arg("bounce")
                .arg("--dialogue")
                .arg(&dialogue)
                .arg("--walla")
                .arg(&walla)
                .args(delivery)
                .args(["--bit-depth", bit_depth])
                .arg("-o")
                .arg(output)
                .arg("--overwrite"),
            "the premix is not made, see above why",
        )?;
    }
    println!();
    run(
        cargo(target)
            .args(["run", "--release", "-p", "premix", "--example", "render", "--"])
            .args([&dialogue, &walla, &by_plugin]),
        "the plugin has not rendered the scene, see above why",
    )?;
    compare(&by_plugin, &float, &premix)?;
    println!();
    let verdict = run(
        Command::new(&program)
            .arg("check")
            .arg(&premix)
            .args(delivery)
            .arg("--walla")
            .arg(&walla)
            .arg("--report")
            .arg(&folder)
            .arg("--overwrite"),
        "1 means that a rule fails, 2 that the check could not be done; see above why",
    );
    if verdict.is_ok() {
        println!("Exit status 0: no rule fails, the premix may be delivered.");
    }
    println!(
        "\nThe report, for a browser:\n  {}",
        folder.join(NAME.replace(".wav", "_report.html")).display()
    );
    println!("\nListen to:");
    for file in [dialogue, walla, premix, by_plugin] {
        println!("  {}", file.display());
    }
    verdict
}

/// Says that the plugin and the command line have given the same, before and after rounding to 24 bits;
/// an error if they have not.
fn compare(by_plugin: &Path, float: &Path, premix: &Path) -> Result<()> {
    let bits = |samples: Vec<f32>| samples.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let rendered: Vec<f32> = samples(by_plugin)?;
    let rounded: Vec<i32> = rendered.iter().map(|x| (x * 8_388_608.0).round_ties_even() as i32).collect();
    same(&bits(rendered), &bits(samples(float)?), by_plugin, float)?;
    same(&rounded, &samples(premix)?, by_plugin, premix)?;
    println!(
        "The bundled Premix.clap and the command line agree on all {} samples: bit for bit as 32-bit float, \
         and as 24-bit.",
        rounded.len()
    );
    Ok(())
}

fn same<T: PartialEq>(a: &[T], b: &[T], a_file: &Path, b_file: &Path) -> Result<()> {
    let (a_file, b_file) = (a_file.display(), b_file.display());
    ensure!(
        a.len() == b.len(),
        "{a_file} has {} samples and {b_file} {}: plugin and command line must agree, mend the one that is \
         wrong",
        a.len(),
        b.len()
    );
    if let Some(sample) = a.iter().zip(b).position(|(a, b)| a != b) {
        bail!(
            "{a_file} and {b_file} differ at {}, sample {sample}: plugin and command line must agree, mend \
             the one that is wrong",
            timecode(sample)
        );
    }
    Ok(())
}

fn samples<S: hound::Sample>(file: &Path) -> Result<Vec<S>> {
    let read = || hound::WavReader::open(file)?.into_samples().collect::<hound::Result<Vec<S>>>();
    read().with_context(|| cannot("read", file))
}

/// The lines one after the other; the pauses share what time they leave.
fn speak_scene() -> Result<Vec<f32>> {
    let mut lines = Vec::new();
    for (voice, text) in &SCENE {
        let mut line = speak(voice, text)?;
        let gain = from_db(LINE_PEAK_DB) / peak(&line);
        scale(&mut line, gain);
        lines.push(line);
    }
    let spoken: usize = lines.iter().map(Vec::len).sum();
    let pause = SAMPLES.saturating_sub(spoken) / (lines.len() + 1);
    ensure!(
        pause > 0,
        "this espeak-ng needs more than {SECONDS} s for the scene: raise the speeds in \
         xtask/src/demo.rs"
    );

    println!("\nThe scene, a station café at night:");
    let mut scene = vec![0.0; SAMPLES];
    let mut start = pause;
    for (line, (voice, text)) in lines.iter().zip(&SCENE) {
        println!("  {}  {:8}  {text}", timecode(start), voice.name);
        scene[start..start + line.len()].copy_from_slice(line);
        start += line.len() + pause;
    }
    Ok(scene)
}

/// A crowd that talks all the time and never in step.
fn murmur() -> Result<Vec<f32>> {
    let mut crowd = vec![0.0; SAMPLES];
    for (index, (language, text)) in (0..).zip(CROWD) {
        for (variant, speed, pitch) in [("f2", 135, 50), ("m3", 150, 30)] {
            let name = format!("{language}+{variant}");
            let talk = speak(&voice(&name, speed + 5 * index, pitch + 3 * index), text)?;
            let gain = rms(&talk).recip();
            // Everyone is already talking when the scene begins, each elsewhere in the passage.
            let begin = talk.len() * index as usize / CROWD.len();
            for (sum, sample) in crowd.iter_mut().zip(talk.iter().cycle().skip(begin)) {
                *sum += gain * sample;
            }
        }
    }
    let fade = WALLA_FADE_SECONDS * SAMPLE_RATE as f32;
    for (index, sample) in crowd.iter_mut().enumerate() {
        let from_either_end = index.min(SAMPLES - 1 - index) as f32;
        *sample *= 0.5 - 0.5 * (PI * (from_either_end / fade).min(1.0)).cos();
    }
    let gain = from_db(WALLA_RMS_DB) / rms(&crowd);
    scale(&mut crowd, gain);
    Ok(crowd)
}

/// Has espeak-ng speak and ffmpeg resample to [`SAMPLE_RATE`].
fn speak(voice: &Voice, text: &str) -> Result<Vec<f32>> {
    let mut espeak = Command::new("espeak-ng")
        // The text is UTF-8 whatever the locale.
        .args(["-b", "1", "-v", voice.name, "--stdout"])
        .args(["-s", &voice.speed.to_string(), "-p", &voice.pitch.to_string()])
        .args(["--", text])
        .stdout(Stdio::piped())
        .spawn()
        .context("espeak-ng does not start: run `cargo xtask setup`")?;
    let Some(spoken) = espeak.stdout.take() else {
        bail!("espeak-ng has no output: try again");
    };
    let resampled = Command::new("ffmpeg")
        .args(["-v", "error", "-i", "pipe:0", "-ac", "1"])
        .args(["-ar", &SAMPLE_RATE.to_string(), "-f", "f32le", "pipe:1"])
        .stdin(spoken)
        .stderr(Stdio::inherit())
        .output()
        .context("ffmpeg does not start: run `cargo xtask setup`")?;
    let status = espeak.wait().context("espeak-ng is lost: try again")?;
    let samples: Vec<f32> =
        resampled.stdout.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    ensure!(
        status.success() && resampled.status.success() && peak(&samples) > 0.0,
        "espeak-ng and ffmpeg do not deliver the voice {}: see above, and whether \
         `espeak-ng -v {} hello` speaks",
        voice.name,
        voice.name
    );
    Ok(samples)
}

/// Writes mono sound as 24-bit WAV and says how loud it is.
fn write(file: &Path, samples: &[f32]) -> Result<()> {
    const FULL_SCALE: f32 = 8_388_607.0;
    ensure!(peak(samples) <= 1.0, "{} would clip: lower its level in xtask/src/demo.rs", file.display());
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    let write = || {
        let mut wav = hound::WavWriter::create(file, spec)?;
        for sample in samples {
            wav.write_sample((sample * FULL_SCALE).round() as i32)?;
        }
        wav.finalize()
    };
    write().with_context(|| cannot("write", file))?;
    println!(
        "{}: sample peak {:.1} dBFS, RMS {:.1} dBFS",
        file.display(),
        to_db(peak(samples)),
        to_db(rms(samples))
    );
    Ok(())
}

/// The time code `HH:MM:SS:FF` of a sample.
fn timecode(sample: usize) -> String {
    let frames = sample as u64 * u64::from(FRAME_RATE) / u64::from(SAMPLE_RATE);
    let (seconds, frame) = (frames / u64::from(FRAME_RATE), frames % u64::from(FRAME_RATE));
    let (minutes, second) = (seconds / 60, seconds % 60);
    format!("{:02}:{:02}:{second:02}:{frame:02}", minutes / 60, minutes % 60)
}

fn scale(samples: &mut [f32], gain: f32) {
    samples.iter_mut().for_each(|sample| *sample *= gain);
}

fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
}

fn rms(samples: &[f32]) -> f32 {
    let sum: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (sum / samples.len() as f64).sqrt() as f32
}

fn from_db(db: f32) -> f32 {
    10f32.powf(db / 20.0)
}

fn to_db(level: f32) -> f32 {
    20.0 * level.log10()
}
