//! How many times faster, and how sure that is. Rates of one round are compared with each other, because the machine
//! was equally busy for both.

/// Two-sided 95 % quantiles of Student's t for 1, 2, 3 … degrees of freedom; beyond the table the normal one is near.
const T_95: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];

/// A ratio with its 95 % confidence interval.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ratio {
    pub(super) mean: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Of the paired rates' quotients, by their logarithms: twice and half as fast then weigh the same.
pub(super) fn of_pairs(pairs: impl IntoIterator<Item = (f64, f64)>) -> Ratio {
    let logs: Vec<f64> = pairs
        .into_iter()
        .map(|(ours, other)| (ours / other).ln())
        .collect();
    let count = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / count;
    let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let degrees = logs.len().saturating_sub(1);
    let quantile = T_95.get(degrees.saturating_sub(1)).copied().unwrap_or(1.96);
    let half = quantile * (variance / count).sqrt();
    Ratio {
        mean: mean.exp(),
        low: (mean - half).exp(),
        high: (mean + half).exp(),
    }
}

#[cfg(test)]
mod tests {
    use super::of_pairs;

    #[test]
    fn equal_quotients_leave_no_doubt() {
        let ratio = of_pairs([(20.0, 10.0), (2.0, 1.0)]);
        assert!((ratio.low - 2.0).abs() < 1e-9 && (ratio.high - 2.0).abs() < 1e-9);
    }

    #[test]
    fn the_interval_is_the_textbook_one() {
        // ln 2 ± 12.706 · 0.34657 / √1 would be absurdly wide: two rounds hardly say anything.
        let ratio = of_pairs([(1.0, 1.0), (4.0, 1.0)]);
        assert!((ratio.mean - 2.0).abs() < 1e-9);
        let half = 12.706 * 4_f64.ln() / 2.0;
        assert!((ratio.high / 2.0 - half.exp()).abs() / half.exp() < 1e-6);
    }
}
