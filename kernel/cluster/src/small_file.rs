//! Files that are read whole: a bundle, a certificate, a token, a snapshot. The rule: a regular file, and no more of it than was
//! said; a pipe or a device, or a link to one, would be read for ever.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// The most of a PEM file or of a token's file that is read, in bytes.
pub const MAX_PEM_BYTES: u64 = 1 << 20;

/// All bytes of a regular file of at most `most` bytes. Blocks on the file.
///
/// # Errors
/// What the system says; [`io::ErrorKind::FileTooLarge`] beyond `most`; of what is no file, that it is none.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let regular = |metadata: fs::Metadata| match metadata.is_file() {
        true => Ok(()),
        false if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")),
    };
    // Opening a pipe waits for its other end.
    regular(fs::metadata(path)?)?;
    let file = File::open(path)?;
    regular(file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let told = format!("it has more than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, told));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_or_is_too_large_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        fs::write(&path, b"12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert_eq!(read(&path, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(folder.path(), 5).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(read(&folder.path().join("none"), 5).unwrap_err().kind(), io::ErrorKind::NotFound);
        for device in ["/dev/zero", "/dev/null", "/dev/stdin"] {
            let link = folder.path().join("link");
            let _ = fs::remove_file(&link);
            std::os::unix::fs::symlink(device, &link).unwrap();
            // Standard input may be a file here.
            if fs::metadata(&link).is_ok_and(|metadata| !metadata.is_file()) {
                assert_eq!(read(&link, 5).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{device}");
            }
        }
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(read(&pipe, 5).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
