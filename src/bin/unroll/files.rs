//! Files that are read whole and written whole.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use unroll::protocol::{Limits, Trouble};

/// The bytes of a file.
pub fn read(path: &Path) -> Result<Vec<u8>, Trouble> {
    fs::read(path).map_err(|error| Trouble::CannotRead { name: path.display().to_string(), reason: error.to_string() })
}

/// The bytes of a text, whose size is looked at first.
pub fn read_text(path: &Path) -> Result<Vec<u8>, Trouble> {
    let limit = Limits::TEXT_BYTES as u64;
    match fs::metadata(path) {
        Ok(data) if data.is_file() && data.len() > limit => Err(Trouble::TextTooLarge { bytes: data.len(), limit }),
        _ => read(path),
    }
}

/// A file that is there complete or not at all: it is written beside its place and then moved there.
#[derive(Debug)]
pub struct Destination {
    path: PathBuf,
    beside: PathBuf,
}

impl Destination {
    /// Makes sure that `path` can be written, before hours are spent on what should go there.
    pub fn new(path: &Path) -> Result<Self, Trouble> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let destination = Destination { path: path.to_owned(), beside: path.with_file_name(name) };
        if path.is_dir() {
            return Err(destination.cannot(&io::ErrorKind::IsADirectory.into()));
        }
        destination.write_beside(&[]).map_err(|error| destination.cannot(&error))?;
        destination.remove_beside();
        Ok(destination)
    }

    pub fn write(&self, bytes: &[u8]) -> Result<(), Trouble> {
        let written = self.write_beside(bytes).and_then(|()| fs::rename(&self.beside, &self.path));
        written.map_err(|error| {
            self.remove_beside();
            self.cannot(&error)
        })
    }

    fn write_beside(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(&self.beside)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// Nothing to do where it was never there.
    fn remove_beside(&self) {
        fs::remove_file(&self.beside).ok();
    }

    fn cannot(&self, error: &io::Error) -> Trouble {
        Trouble::CannotWrite { name: self.path.display().to_string(), reason: error.to_string() }
    }
}
