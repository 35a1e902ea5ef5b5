//! Pixels as a PNG file (W3C Portable Network Graphics, third edition), with texts on what they show.

use std::io::Write as _;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

/// The file of so many pixels, row after row; `texts` are keywords and what they say.
pub(super) fn png(width: u32, height: u32, pixels: &[[u8; 4]], texts: &[(&str, &str)]) -> Option<Vec<u8>> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    // Eight bits a colour, with alpha; compression, filters and order are the only ones there are.
    header.extend([8, 6, 0, 0, 0]);
    chunk(&mut file, *b"IHDR", &header)?;
    for (keyword, text) in texts {
        // Not compressed, no language, no translated keyword.
        let content = [keyword.as_bytes(), b"\0\0\0\0\0", text.as_bytes()].concat();
        chunk(&mut file, *b"iTXt", &content)?;
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    for row in pixels.chunks_exact(width.max(1) as usize) {
        // Each pixel less the one to its left: most of a chart is of one colour, and becomes zeros.
        let mut line = vec![1];
        let mut before = [0; 4];
        for pixel in row {
            line.extend(pixel.iter().zip(before).map(|(now, before)| now.wrapping_sub(before)));
            before = *pixel;
        }
        encoder.write_all(&line).ok()?;
    }
    chunk(&mut file, *b"IDAT", &encoder.finish().ok()?)?;
    chunk(&mut file, *b"IEND", &[])?;
    Some(file)
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], content: &[u8]) -> Option<()> {
    file.extend(u32::try_from(content.len()).ok()?.to_be_bytes());
    let mut sum = Crc::new();
    for part in [name.as_slice(), content] {
        sum.update(part);
        file.extend_from_slice(part);
    }
    file.extend(sum.sum().to_be_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_a_file_that_readers_take() {
        let file = png(1, 1, &[[1, 2, 3, 4]], &[("Title", "A pixel")]).unwrap();
        assert!(file.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0"));
        assert!(file.windows(12).any(|part| part == b"Title\0\0\0\0\0A "));
        // The checksum of an empty IEND is the same in every file.
        assert!(file.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"));
    }
}
