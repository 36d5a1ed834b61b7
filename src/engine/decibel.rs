//! Decibels and linear gain, the same bits on every machine.

/// Linear amplitude of a level in tenths of a decibel: 10^(tenths / 200).
///
/// Decibel settings are whole tenths, so that a value typed, automated or stored gives one gain.
pub fn linear_from_tenths(tenths: i32) -> f64 {
    libm::pow(10.0, f64::from(tenths) / 200.0)
}

/// Level of a linear amplitude in decibels; 0 gives minus infinity.
pub fn db_from_linear(linear: f64) -> f64 {
    20.0 * libm::log10(linear)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_are_powers_of_ten() {
        let exact = [
            (0, 1.0),
            (-100, 0.316_227_766_016_837_94),
            (-60, 0.501_187_233_627_272_2),
            (-240, 0.063_095_734_448_019_33),
        ];
        for (tenths, expected) in exact {
            let got = linear_from_tenths(tenths);
            assert!((got / expected - 1.0).abs() < 2.0 * f64::EPSILON, "{tenths}: {got}");
            assert!((db_from_linear(got) - f64::from(tenths) / 10.0).abs() < 1e-12);
        }
        assert_eq!(db_from_linear(0.0), f64::NEG_INFINITY);
    }
}
