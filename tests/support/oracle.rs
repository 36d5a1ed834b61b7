//! True-peak readings that share nothing with the product: FFT interpolation at 64x, and the table of
//! ITU-R BS.1770-5 Annex 2 applied as it stands.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

const BLOCK: usize = 8192;
const TAPER: usize = 1024;
/// What a block keeps: far enough from the taper that it has no part in it.
const MARGIN: usize = 1536;
/// An ideal 4x reading is at most this much low, up to half the sample rate (BS.1770-5, 0.688 dB).
const FOUR_TIMES_UNDER_READ: f64 = 0.92;

/// Highest value, as amplitude, of the band-limited signal through the samples, on a grid of 64 points
/// a sample. Exact above `interesting`; below it a lower bound (blocks that cannot reach it are read
/// at 4x only).
pub fn true_peak_64x(samples: &[f32], interesting: f64) -> f64 {
    let mut planner = RealFftPlanner::<f64>::new();
    let forward = planner.plan_fft_forward(BLOCK);
    let mut padded = vec![0.0f64; BLOCK];
    padded.extend(samples.iter().map(|&x| f64::from(x)));
    padded.extend(std::iter::repeat_n(0.0, 2 * BLOCK));
    let taper: Vec<f64> = (0..BLOCK)
        .map(|n| {
            let edge = n.min(BLOCK - 1 - n) as f64 + 0.5;
            if edge < TAPER as f64 {
                0.5 - 0.5 * (std::f64::consts::PI * edge / TAPER as f64).cos()
            } else {
                1.0
            }
        })
        .collect();
    let mut peak = 0.0f64;
    let mut block = forward.make_input_vec();
    let mut spectrum = forward.make_output_vec();
    for start in (0..padded.len() - BLOCK).step_by(BLOCK - 2 * MARGIN) {
        for ((to, from), taper) in block.iter_mut().zip(&padded[start..]).zip(&taper) {
            *to = from * taper;
        }
        forward.process(&mut block, &mut spectrum).unwrap();
        let at_4x = interpolate(&mut planner, &spectrum, 4);
        if at_4x > peak.max(interesting) * FOUR_TIMES_UNDER_READ {
            peak = peak.max(interpolate(&mut planner, &spectrum, 64));
        } else {
            peak = peak.max(at_4x);
        }
    }
    peak
}

fn interpolate(planner: &mut RealFftPlanner<f64>, spectrum: &[Complex<f64>], factor: usize) -> f64 {
    let inverse = planner.plan_fft_inverse(BLOCK * factor);
    let mut wide = inverse.make_input_vec();
    wide[..spectrum.len()].copy_from_slice(spectrum);
    // The bin at half the rate stands for both its sides.
    wide[spectrum.len() - 1] *= 0.5;
    wide[0].im = 0.0;
    let mut fine = inverse.make_output_vec();
    inverse.process(&mut wide, &mut fine).unwrap();
    let kept = &fine[MARGIN * factor..(BLOCK - MARGIN) * factor];
    kept.iter().fold(0.0f64, |peak, x| peak.max(x.abs())) / BLOCK as f64
}

/// The filter as the Recommendation prints it, one row a tap, one column a phase.
#[rustfmt::skip]
pub const ANNEX_2: [[f64; 4]; 12] = [
    [ 0.0017089843750, -0.0291748046875, -0.0189208984375, -0.0083007812500],
    [ 0.0109863281250,  0.0292968750000,  0.0330810546875,  0.0148925781250],
    [-0.0196533203125, -0.0517578125000, -0.0582275390625, -0.0266113281250],
    [ 0.0332031250000,  0.0891113281250,  0.1015625000000,  0.0476074218750],
    [-0.0594482421875, -0.1665039062500, -0.2003173828125, -0.1022949218750],
    [ 0.1373291015625,  0.4650878906250,  0.7797851562500,  0.9721679687500],
    [ 0.9721679687500,  0.7797851562500,  0.4650878906250,  0.1373291015625],
    [-0.1022949218750, -0.2003173828125, -0.1665039062500, -0.0594482421875],
    [ 0.0476074218750,  0.1015625000000,  0.0891113281250,  0.0332031250000],
    [-0.0266113281250, -0.0582275390625, -0.0517578125000, -0.0196533203125],
    [ 0.0148925781250,  0.0330810546875,  0.0292968750000,  0.0109863281250],
    [-0.0083007812500, -0.0189208984375, -0.0291748046875,  0.0017089843750],
];

/// Highest output, as amplitude, of the Annex-2 filter, all its phases over all samples.
pub fn true_peak_annex_2(samples: &[f32]) -> f64 {
    let mut padded = vec![0.0f64; 12];
    padded.extend(samples.iter().map(|&x| f64::from(x)));
    padded.extend([0.0; 12]);
    let mut peak = 0.0f64;
    for end in 11..padded.len() {
        for phase in 0..4 {
            let output: f64 =
                ANNEX_2.iter().enumerate().map(|(tap, row)| row[phase] * padded[end - tap]).sum();
            peak = peak.max(output.abs());
        }
    }
    peak
}

/// The `ebur128` crate's true peak, flushed.
pub fn true_peak_ebur128(samples: &[f32], sample_rate: u32) -> f64 {
    let mut meter = ebur128::EbuR128::new(1, sample_rate, ebur128::Mode::TRUE_PEAK).unwrap();
    meter.add_frames_f32(samples).unwrap();
    meter.add_frames_f32(&[0.0; 64]).unwrap();
    meter.true_peak(0).unwrap()
}
