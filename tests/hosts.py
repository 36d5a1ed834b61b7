"""Premix.vst3 in two hosts that others wrote: pedalboard and DawDreamer (pip install -r tests/hosts.txt).

    python tests/hosts.py Premix.vst3 SPEECH.wav

SPEECH.wav is brought to full scale, 6 dB over the ceiling. Exit status 0: all as promised.
"""

import sys
import tempfile
from pathlib import Path

import dawdreamer
import numpy as np
import pedalboard

CEILING_DBTP = -6.0
WALLA_GAIN_DB = -10.0
# What a 24-bit file can hold and what float sums may differ by.
TOLERANCE = 1e-6
PARAMETERS = ["Ceiling", "Release", "Walla", "Walla Gain", "Mono", "Bypass"]


def true_peak_dbtp(audio):
    """The peak of the band-limited signal, by 16x interpolation of overlapping pieces."""
    piece, margin, factor = 1 << 15, 1 << 9, 16
    padded = np.pad(audio.astype(np.float64), ((0, 0), (margin, piece + margin)))
    peak = np.abs(audio).max()
    for start in range(0, audio.shape[1], piece):
        part = padded[:, start : start + piece + 2 * margin]
        fine = np.fft.irfft(np.fft.rfft(part), part.shape[1] * factor) * factor
        peak = max(peak, np.abs(fine[:, margin * factor : -margin * factor]).max())
    return 20 * np.log10(max(peak, 1e-30))


def check(what, good, detail=""):
    print(f"{'ok  ' if good else 'FAIL'} {what} {detail}")
    check.failures += not good


check.failures = 0


def lag(output, reference):
    """Samples by which output is later than reference."""
    reach = 4096
    a, b = output[0].astype(np.float64), reference[0].astype(np.float64)
    size = 1 << (len(a) + reach).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    near = np.concatenate([correlation[-reach:], correlation[: reach + 1]])
    return int(np.argmax(near)) - reach


def in_pedalboard(bundle, speech, rate):
    plugin = pedalboard.load_plugin(bundle, plugin_name="Premix")
    names = [parameter.name for parameter in plugin.parameters.values()]
    check("pedalboard: parameters by name", names == PARAMETERS, names)
    check("pedalboard: ceiling", plugin.ceiling_dbtp == CEILING_DBTP, plugin.ceiling_dbtp)

    for channels in (1, 2):
        dialogue = np.repeat(speech[:1], channels, axis=0)
        output = plugin(dialogue, rate)
        check(f"pedalboard, {channels} ch: length", output.shape == dialogue.shape, output.shape)
        check(f"pedalboard, {channels} ch: lag", lag(output, dialogue) == 0, lag(output, dialogue))
        peak = true_peak_dbtp(output)
        check(f"pedalboard, {channels} ch: peak", peak <= CEILING_DBTP + 0.005, f"{peak:.3f} dBTP")
        other = plugin(dialogue, rate, buffer_size=333)
        check(f"pedalboard, {channels} ch: other blocks, same bits", np.array_equal(output, other))

    plugin.ceiling_dbtp = -12.3
    plugin.release = "120 ms"
    plugin.mono = True
    # The framework takes a parameter with the next block, and the state knows it from then on.
    plugin(np.zeros((2, rate), np.float32), rate)
    copy = pedalboard.load_plugin(bundle, plugin_name="Premix")
    copy.raw_state = plugin.raw_state
    kept = (round(copy.ceiling_dbtp, 1), copy.release, copy.mono)
    check("pedalboard: state round trip", kept == (-12.3, "120 ms", True), kept)

    walla = pedalboard.load_plugin(bundle, plugin_name="Premix Walla")
    output = walla(speech, rate)
    error = np.abs(output - speech * 10 ** (WALLA_GAIN_DB / 20)).max()
    check("pedalboard: Premix Walla is -10.0 dB", error < TOLERANCE, error)


def in_dawdreamer(bundle, speech, rate):
    engine = dawdreamer.RenderEngine(rate, 512)
    plugin = engine.make_plugin_processor("premix", str(bundle))
    names = [parameter["name"] for parameter in plugin.get_parameters_description()]
    check("DawDreamer: parameters by name", names == PARAMETERS, names)
    inputs = plugin.get_num_input_channels()
    check("DawDreamer: stereo and stereo walla", inputs == 4, inputs)

    stereo = np.repeat(speech[:1], 2, axis=0)
    crowd = np.random.default_rng(1).normal(0, 0.01, stereo.shape).astype(np.float32)
    seconds = stereo.shape[1] / rate

    def render(graph):
        engine.load_graph(graph)
        engine.render(seconds)
        return engine.get_audio()[:, : stereo.shape[1]]

    dialogue = engine.make_playback_processor("dialogue", stereo)
    walla = engine.make_playback_processor("walla", crowd)
    silence = engine.make_playback_processor("silence", np.zeros_like(stereo))

    # DawDreamer reports the latency and leaves it to the script.
    latency = plugin.get_latency_samples()
    alone = render([(dialogue, []), (plugin, ["dialogue"])])
    check("DawDreamer: lag is the latency", lag(alone, stereo) == latency, latency)
    peak = true_peak_dbtp(alone)
    check("DawDreamer: peak", peak <= CEILING_DBTP + 0.005, f"{peak:.3f} dBTP")

    mixed = render([(silence, []), (walla, []), (plugin, ["silence", "walla"])])[:, latency:]
    expected = crowd[:, : mixed.shape[1]] * 10 ** (WALLA_GAIN_DB / 20)
    error = np.abs(mixed - expected).max()
    check("DawDreamer: walla on the side-chain, -10.0 dB", error < TOLERANCE, error)

    plugin.set_parameter(0, 0.5)
    render([(dialogue, []), (plugin, ["dialogue"])])
    with tempfile.TemporaryDirectory() as folder:
        state = str(Path(folder) / "state")
        plugin.save_state(state)
        copy = engine.make_plugin_processor("copy", str(bundle))
        copy.load_state(state)
    kept = copy.get_parameter_text(0)
    check("DawDreamer: state round trip", kept.startswith("-12.0"), kept)


def main():
    bundle, wav = sys.argv[1:]
    with pedalboard.io.AudioFile(wav) as file:
        speech, rate = file.read(file.frames), file.samplerate
    speech /= np.abs(speech).max()
    print(f"{wav}: {true_peak_dbtp(speech):.3f} dBTP")
    in_pedalboard(bundle, speech, rate)
    in_dawdreamer(bundle, speech, rate)
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
