//! The colours of charts: middling ones, which read on white and on near black.

/// Text, told apart from both grounds as well as one colour can be (4.4 to 1 on white, 4.3 to 1 on #111).
pub(crate) const INK: &str = "#797979";
/// Lines behind the marks.
pub(crate) const GRID: &str = "rgba(128,128,128,0.22)";
/// The lines of axes.
pub(crate) const LINE: &str = "rgba(128,128,128,0.6)";

/// Colours of groups, neighbours apart in hue and in lightness.
pub(crate) const GROUPS: [&str; 10] = [
    "#3f83c5", "#e38420", "#3aa76d", "#d1495b", "#8c6bc8", "#46b3c4", "#c2569b", "#a8a12f", "#a0724f",
    "#8a8f98",
];

/// The colours of amounts, from the least to the greatest: viridis, which also those see who see no red or no green.
pub(crate) const SHADES: [&str; 9] =
    ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];

/// The red, green and blue of `#rrggbb`.
pub(crate) fn rgb(hex: &str) -> [u8; 3] {
    let part =
        |at: usize| hex.get(at..at + 2).and_then(|part| u8::from_str_radix(part, 16).ok()).unwrap_or(128);
    [part(1), part(3), part(5)]
}

/// The shade at `share` of the way from the least to the greatest.
pub(crate) fn shade(share: f64) -> [u8; 3] {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let place = share * (SHADES.len() - 1) as f64;
    let low = (place as usize).min(SHADES.len() - 2);
    let (from, to) = (rgb(SHADES[low]), rgb(SHADES[low + 1]));
    let part = place - low as f64;
    std::array::from_fn(|index| {
        (f64::from(from[index]) + (f64::from(to[index]) - f64::from(from[index])) * part).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_run_from_end_to_end() {
        assert_eq!(shade(0.0), [0x44, 0x01, 0x54]);
        assert_eq!(shade(1.0), [0xfd, 0xe7, 0x25]);
        assert_eq!(shade(f64::NAN), [0x44, 0x01, 0x54]);
        assert_eq!(shade(0.5), [0x21, 0x91, 0x8c]);
    }
}
