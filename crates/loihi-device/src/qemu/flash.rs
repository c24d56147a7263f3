//! A network in the flash of a board in QEMU: a file that QEMU puts there.

use crate::DeviceFault;
use loihi_boards::{Board, Memory};
use loihi_files::atomic_file;
use loihi_image::image::ImageFile;
use std::fs;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// The file, which is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Flash {
    path: PathBuf,
    origin: u64,
}

impl Flash {
    /// Writes the file of a network for the flash of a board.
    pub(super) fn write(board: &Board, image: &ImageFile) -> Result<Self, DeviceFault> {
        static FILES: AtomicU32 = AtomicU32::new(0);
        let sealed = image.sealed();
        let Memory { origin, .. } = place(board, sealed.len())?;
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("loihi-flash-{}-{number}.img", process::id()));
        atomic_file::write(&path, &sealed).map_err(|error| {
            DeviceFault(format!("the network for QEMU cannot be written to {}: {error}", path.display()))
        })?;
        Ok(Self { path, origin })
    }

    /// What QEMU is told.
    pub(super) fn arguments(&self) -> [String; 2] {
        // A comma ends a value unless it is doubled.
        let path = self.path.display().to_string().replace(',', ",,");
        ["-device".to_owned(), format!("loader,file={path},addr={:#x},force-raw=on", self.origin)]
    }
}

impl Drop for Flash {
    fn drop(&mut self) {
        let _removed = fs::remove_file(&self.path);
    }
}

/// The region of flash for a network, if it is long enough.
fn place(board: &Board, bytes: usize) -> Result<Memory, DeviceFault> {
    let Some(network) = board.network else {
        return Err(DeviceFault(format!("{} has no flash for a network: leave out --flash", board.name)));
    };
    if network.bytes < bytes as u64 {
        let (name, there) = (&board.name, network.bytes);
        return Err(DeviceFault(format!(
            "the network takes {bytes} bytes of flash, and {name} has {there} for it: leave out --flash, or take a board \
             with more"
        )));
    }
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_says_whether_it_has_room() {
        let refused = |board: &str, bytes| place(loihi_boards::named(board).unwrap(), bytes).unwrap_err().to_string();
        assert_eq!(refused("x86-mcu", 8), "x86-mcu has no flash for a network: leave out --flash");
        assert!(
            refused("microbit", 70_000).starts_with("the network takes 70000 bytes of flash, and microbit has 65536")
        );
        assert_eq!(place(loihi_boards::named("netduinoplus2").unwrap(), 262_144).unwrap().origin, 0x0804_0000);
    }
}
