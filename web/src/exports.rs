//! The functions of the WebAssembly module: the page writes a request into memory, calls, and is told through an import.

use crate::page::{Page, REQUEST_BYTES_MAX};
use std::sync::Mutex;

/// A page and the request that it is going to ask.
struct Open {
    page: Page,
    request: Vec<u8>,
}

static OPEN: Mutex<Option<Open>> = Mutex::new(None);

#[link(wasm_import_module = "page")]
unsafe extern "C" {
    /// Takes a JSON text in UTF-8, of this many bytes at this address.
    safe fn tell(address: *const u8, bytes: usize);
}

/// Makes room for a request of this many bytes and returns its address, or null if it is too long.
#[unsafe(no_mangle)]
extern "C" fn reserve(bytes: usize) -> *mut u8 {
    let Ok(mut open) = OPEN.lock() else { return std::ptr::null_mut() };
    if bytes > REQUEST_BYTES_MAX {
        return std::ptr::null_mut();
    }
    let open = open.get_or_insert_with(|| Open { page: Page::default(), request: Vec::new() });
    open.request = vec![0; bytes];
    open.request.as_mut_ptr()
}

/// Asks what was written to where [`reserve`] said.
#[unsafe(no_mangle)]
extern "C" fn ask() {
    let Ok(mut open) = OPEN.lock() else { return };
    let Some(Open { page, request }) = open.as_mut() else { return };
    // What is not UTF-8 is not a request, and says so.
    let request = String::from_utf8_lossy(request);
    page.ask(&request, &mut |text| tell(text.as_ptr(), text.len()));
}
