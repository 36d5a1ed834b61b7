"""Premix.vst3 in Ardour: an export of ten minutes equals `premix bounce` of the same stems. By hand.

    cargo xtask ardour
    python tests/ardour.py Premix.vst3 PREMIX SPEECH_FOLDER SCRATCH_FOLDER

PREMIX is the command line, SPEECH_FOLDER holds recorded speech. Ardour runs without a screen and with a home of
its own in SCRATCH_FOLDER, where the stems, the sessions and the exports stay. Exit status 0: all as promised.
"""

import itertools
import os
import shutil
import struct
import subprocess
import sys
import time
import wave
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pedalboard

RATE = 48_000
FRAME_RATE = 24
MINUTES = 10
# Not a whole number of seconds, nor of any block.
FRAMES = MINUTES * 60 * FRAME_RATE + 7
SAMPLES = FRAMES * RATE // FRAME_RATE
LENGTH = f"00:{MINUTES}:00:07"
DIALOGUE, WALLA = 3, 2
RECORDINGS = 1000
# Every line peaks somewhere between: from far below the ceiling of -6 dBTP to well above it.
LINE_PEAKS_DBFS = (-20.0, -1.0)
WALLA_RMS_DBFS = -26.0
TALKERS = 6
# Ardour counts time in these ticks, with an "a" before them.
TICKS_PER_SAMPLE = 282_240_000 // RATE
# Name, wiring of the walla as in ardour.lua, in real time.
SESSIONS = [
    ("SideChain", "side-chain", False),
    ("WallaBus", "walla bus", False),
    ("RealTime", "side-chain", True),
]
# Where Ardour adds the walla, in single precision, the input of Premix differs in its last bit from the command line's,
# and the gain by as much: of so many samples one may then differ by 2 LSB.
ROUNDED_TWICE = 1_000_000
# It aborts now and then, after a complete export.
ATTEMPTS = 3
FULL_SCALE = 1 << 23
# Channels, Hz and bits of the delivery.
FORMAT = (1, RATE, 24)


def speech(folder):
    """Recordings at RATE, brought to a peak of 1, in an order that is no language's; then again from the first."""
    files = sorted(path for kind in ("wav", "ogg") for path in Path(folder).rglob(f"*.{kind}"))
    np.random.default_rng(1).shuffle(files)
    lines = []
    for path in files[:RECORDINGS]:
        with pedalboard.io.AudioFile(str(path)).resampled_to(RATE) as file:
            line = file.read(file.frames)[0]
        line -= line.mean()
        # A tenth of a second is no line.
        if len(line) > RATE // 10 and np.abs(line).max() > 0.01:
            lines.append(line / np.abs(line).max())
    return itertools.cycle(lines)


def dialogue(lines, rng):
    """Lines and pauses from the first second to the last sample."""
    stem = np.zeros(SAMPLES)
    at = RATE
    while True:
        line = next(lines) * 10 ** (rng.uniform(*LINE_PEAKS_DBFS) / 20)
        line = line[: SAMPLES - at]
        stem[at : at + len(line)] += line
        at += len(line) + int(rng.exponential(1.5) * RATE)
        if at >= SAMPLES:
            return stem


def walla(lines):
    """TALKERS who never stop."""
    stem = np.zeros(SAMPLES)
    for _ in range(TALKERS):
        at = 0
        while at < SAMPLES:
            line = next(lines)[: SAMPLES - at]
            stem[at : at + len(line)] += line
            at += len(line)
    return stem * 10 ** (WALLA_RMS_DBFS / 20) / np.sqrt(np.mean(stem**2))


def write(path, stem):
    samples = np.clip(np.rint(stem * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype("<i4")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(3)
        file.setframerate(RATE)
        file.writeframes(samples.view(np.uint8).reshape(-1, 4)[:, :3].tobytes())


def read(path):
    """Samples and format of a mono WAV of 24 bits; of any other, no samples."""
    data = path.read_bytes()
    chunks, at = {}, 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        chunks[name] = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    _, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    found = (channels, rate, bits)
    samples = np.zeros(0, np.int32)
    if found == FORMAT:
        # Each sample becomes the upper three bytes of four.
        bytes = np.frombuffer(chunks[b"data"], np.uint8).reshape(-1, 3)
        samples = np.pad(bytes, ((0, 0), (1, 0))).view("<i4")[:, 0] >> 8
    return samples, found


def lag(output, reference):
    """Samples by which output is later than reference."""
    reach = 4096
    size = 1 << (len(output) + reach).bit_length()
    a, b = (np.fft.rfft(signal.astype(np.float64), size) for signal in (output, reference))
    correlation = np.fft.irfft(a * np.conj(b), size)
    near = np.concatenate([correlation[-reach:], correlation[: reach + 1]])
    return int(np.argmax(near)) - reach


class Ardour:
    """Ardour's programs, as Debian names them, at home in a folder of ours."""

    libraries = max(Path("/usr/lib").glob("ardour[0-9]"))

    def __init__(self, bundle, scratch):
        self.home = scratch / "home"
        plugins = self.home / ".vst3"
        shutil.rmtree(self.home, ignore_errors=True)
        plugins.mkdir(parents=True)
        installed = shutil.copytree(bundle, plugins / "Premix.vst3")
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
        self.environment["HOME"] = str(self.home)
        scanner = self.libraries / "ardour-vst3-scanner"
        self.run([scanner, "-f", "-q", installed], {"LD_LIBRARY_PATH": str(self.libraries)})

    def run(self, command, more={}):
        subprocess.run(command, env=self.environment | more, check=True)

    def program(self, name):
        return f"{self.libraries.name}-{name}"

    def session(self, folder, wiring, stems):
        """A session of the stems, Premix on its mono master bus."""
        shutil.rmtree(folder, ignore_errors=True)
        self.run([self.program("new_empty_session"), "-s", str(RATE), folder, folder.name])
        script = Path(__file__).with_suffix(".lua")
        self.run([self.program("lua"), script, folder, folder.name, wiring, str(DIALOGUE), str(WALLA)])
        add_audio(folder / f"{folder.name}.ardour", stems)

    def export(self, folder, wav, real_time):
        """Seconds it took, and how often Ardour aborted; after ATTEMPTS, not at all."""
        for aborted in range(ATTEMPTS):
            wav.unlink(missing_ok=True)
            began = time.monotonic()
            options = ["-b", "24", "-o", wav, folder, folder.name]
            if (self.real_time if real_time else self.offline)(options):
                return time.monotonic() - began, aborted
            print(f"     the export aborted; {wav.name} exists: {wav.exists()}")
        return 0, ATTEMPTS

    def offline(self, options):
        """Whether the export has ended well."""
        command = [self.program("export"), *options]
        return subprocess.run(command, env=self.environment, stdout=subprocess.DEVNULL).returncode == 0

    def real_time(self, options):
        """As `offline`. The program has no option for it, so a debugger changes an argument (x86-64): the second of
        `start_audio_export`, which is the box "Realtime" of the Export dialog."""
        steps = ["break ARDOUR::Session::start_audio_export", "run", "set $rdx = 1", "delete", "continue"]
        steps = itertools.chain.from_iterable(("-ex", step) for step in ["set breakpoint pending on", *steps])
        program = self.libraries / "utils" / self.program("export")
        # What Ardour's script around the program sets.
        name = self.libraries.name
        places = {
            "LD_LIBRARY_PATH": self.libraries, "ARDOUR_DLL_PATH": self.libraries,
            "ARDOUR_DATA_PATH": f"/usr/share/{name}", "ARDOUR_CONFIG_PATH": f"/etc/{name}",
        }  # fmt: skip
        environment = self.environment | {key: str(value) for key, value in places.items()}
        command = ["gdb", "-batch", *steps, "--args", program, *options]
        return b"exited normally" in subprocess.run(command, env=environment, stdout=subprocess.PIPE).stdout


def add_audio(file, stems):
    """Writes the stems, one whole region a track, and the range to export into a session file."""
    tree = ElementTree.parse(file)
    session = tree.getroot()
    ids = iter(range(int(session.get("id-counter")), 1 << 62))
    length = f"a{SAMPLES * TICKS_PER_SAMPLE}"
    for stem in stems:
        audio = file.parent / "interchange" / file.parent.name / "audiofiles" / stem.name
        audio.parent.mkdir(parents=True, exist_ok=True)
        os.link(stem, audio)
        source = str(next(ids))
        ElementTree.SubElement(
            session.find("Sources"), "Source",
            {"name": stem.name, "id": source, "type": "audio", "flags": "", "channel": "0", "origin": ""},
        )  # fmt: skip
        playlist = next(list for list in session.find("Playlists") if list.get("name") == stem.stem)
        ElementTree.SubElement(
            playlist, "Region",
            {"name": stem.stem, "id": str(next(ids)), "type": "audio", "channels": "1", "start": "a0",
             "length": f"{length}@a0", "source-0": source, "master-source-0": source, "opaque": "1",
             "fade-in-active": "0", "fade-out-active": "0"},
        )  # fmt: skip
    ElementTree.SubElement(
        session.find("Locations"), "Location",
        {"id": str(next(ids)), "name": "session", "start": "a0", "end": length, "flags": "IsSessionRange"},
    )  # fmt: skip
    session.set("id-counter", str(next(ids)))
    tree.write(file, encoding="UTF-8", xml_declaration=True)


def check(what, good, detail=""):
    print(f"{'ok  ' if good else 'FAIL'} {what} {detail}", flush=True)
    check.failures += not good


check.failures = 0


def main():
    bundle, premix, corpus, scratch = (Path(argument).resolve() for argument in sys.argv[1:])
    scratch.mkdir(parents=True, exist_ok=True)
    lines = speech(corpus)
    stems = [scratch / f"Dialogue {n + 1}.wav" for n in range(DIALOGUE)]
    crowd = [scratch / f"Walla {n + 1}.wav" for n in range(WALLA)]
    for n, path in enumerate(stems):
        write(path, dialogue(lines, np.random.default_rng(n)))
    for path in crowd:
        write(path, walla(lines))

    bounced = scratch / "bounce.wav"
    length = ["--length", LENGTH, "--frame-rate", str(FRAME_RATE)]
    command = [premix, "bounce", "--overwrite", "-o", bounced, *length, "--dialogue", *stems, "--walla", *crowd]
    subprocess.run(command, check=True)
    expected, _ = read(bounced)

    ardour = Ardour(bundle, scratch)
    for name, wiring, real_time in SESSIONS:
        folder = scratch / f"81234567_{name}_24_Mono_fr_PreMixQC_v1"
        ardour.session(folder, wiring, stems + crowd)
        wav = folder.with_suffix(".wav")
        seconds, aborted = ardour.export(folder, wav, real_time)
        check(f"{name}: exported", aborted < ATTEMPTS, f"in {seconds:.0f} s, after {aborted} aborted attempts")
        if aborted == ATTEMPTS:
            continue
        if real_time:
            check(f"{name}: not faster than it sounds", seconds > SAMPLES / RATE)
        output, found = read(wav)
        check(f"{name}: mono, 48 kHz, 24 bits", found == FORMAT, found)
        check(f"{name}: length", len(output) == SAMPLES, len(output))
        size = min(len(output), SAMPLES)
        check(f"{name}: lag", lag(output[:size], expected[:size]) == 0, lag(output[:size], expected[:size]))
        difference = np.abs(output[:size] - expected[:size])
        by_one, by_more = np.count_nonzero(difference == 1), np.count_nonzero(difference > 1)
        detail = f"of {size} samples {by_one} differ by 1 LSB and {by_more} by more, at most by {difference.max()}"
        allowed = 0 if wiring == "side-chain" else size // ROUNDED_TWICE
        check(f"{name}: as premix bounce", difference.max() <= 2 and by_more <= allowed, detail)
        status = subprocess.run([premix, "check", *length, wav]).returncode
        check(f"{name}: premix check", status == 0, f"exit status {status}")
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
