//! Files that are read whole and written whole.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use unroll::protocol::{Limits, Trouble};

/// The largest model that can be made, with its moments, is somewhat smaller.
const MODEL_BYTES: u64 = 1 << 30;
/// The largest header of a model's file: its tensors and its vocabulary, in JSON.
const HEADER_BYTES: u64 = 16 << 20;

/// The bytes of a model. Its head is looked at first: a device or a pipe may have no end.
pub fn read_model(path: &Path) -> Result<Vec<u8>, Trouble> {
    let not_a_model = |reason: &str| Trouble::NotAModel { reason: reason.to_owned() };
    let mut file = open(path)?;
    // The size of a safetensors header stands before it, in 8 bytes.
    let mut bytes = take(&mut file, 8, path)?;
    let header = bytes.first_chunk().map(|size| u64::from_le_bytes(*size));
    if !header.is_some_and(|size| (1..=HEADER_BYTES).contains(&size)) {
        return Err(not_a_model("it does not begin with a header"));
    }
    bytes.extend(take(&mut file, MODEL_BYTES, path)?);
    if bytes.len() as u64 > MODEL_BYTES {
        return Err(not_a_model("it is larger than any model that can be used"));
    }
    Ok(bytes)
}

/// The bytes of a text, of which no more are read than it may have.
pub fn read_text(path: &Path) -> Result<Vec<u8>, Trouble> {
    let limit = Limits::TEXT_BYTES as u64;
    let mut file = open(path)?;
    let size = file.metadata().ok().filter(|data| data.is_file()).map_or(0, |data| data.len());
    let bytes = if size > limit { Vec::new() } else { take(&mut file, limit + 1, path)? };
    match size.max(bytes.len() as u64) {
        bytes if bytes > limit => Err(Trouble::TextTooLarge { bytes, limit }),
        _ => Ok(bytes),
    }
}

fn open(path: &Path) -> Result<File, Trouble> {
    File::open(path).map_err(|error| cannot_read(path, &error))
}

/// At most so many bytes more.
fn take(file: &mut File, limit: u64, path: &Path) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(|error| cannot_read(path, &error))?;
    Ok(bytes)
}

fn cannot_read(path: &Path, error: &io::Error) -> Trouble {
    Trouble::CannotRead { name: path.display().to_string(), reason: error.to_string() }
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
        // A name that ends with a separator is a folder's, whether it is there or not.
        let named = path.as_os_str().as_encoded_bytes();
        let of_folder = named.last().is_some_and(|&byte| std::path::is_separator(byte.into()));
        if path.is_dir() || of_folder {
            return Err(destination.cannot(&io::ErrorKind::IsADirectory.into()));
        }
        if path.file_name().is_none() {
            return Err(destination.cannot(&io::ErrorKind::InvalidFilename.into()));
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
