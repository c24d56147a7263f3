//! All of it together, without hardware: bytes in, text out.

use crate::lines::{Command, Reader};
use crate::store::Store;
use crate::student::Student;
use core::fmt::{self, Write};
use embedded_storage::nor_flash::NorFlash;
use loihi_core::image::Image;
use loihi_core::snip::SnipType;
use zerocopy::{FromBytes as _, IntoBytes as _};

/// Samples after which what was learned is kept. Flash wears out: at 10,000 erasures a block, every tenth sample into slots
/// that take turns lasts 200,000 samples.
pub const KEEP_EVERY: u32 = 10;

/// A student, what it keeps, and the line to it.
#[derive(Debug)]
pub struct Session<'m, F> {
    student: Student<'m>,
    store: Store<F>,
    reader: Reader<'m>,
}

impl<'m, F: NorFlash> Session<'m, F> {
    /// Takes up what the store keeps of this network, and says so. `arena` takes the values of a sample and the state.
    ///
    /// # Errors
    /// A sentence: the network cannot learn here, or the flash has failed.
    pub fn open(
        image: &'m [u8],
        snips: &'m [SnipType],
        arena: &'m mut [u64],
        flash: F,
        say: &mut impl Write,
    ) -> Result<Self, fmt::Error> {
        let values = Image::view(image).map_or(0, |image| image.stimulus_words);
        let (front, memory) = arena.split_at_mut(values.div_ceil(4).min(arena.len()));
        let values =
            <[i16]>::mut_from_prefix_with_elems(front.as_mut_bytes(), values).map_or(&mut [][..], |(values, _)| values);
        let mut student = match Student::new(image, snips, memory.as_mut_bytes()) {
            Ok(student) => student,
            Err(error) => return fail(say, &error),
        };
        let opened = Store::open(flash).and_then(|mut store| Ok((student.restore(&mut store)?, store)));
        let (restored, store) = match opened {
            Ok(opened) => opened,
            Err(error) => return fail(say, &error),
        };
        let reader = Reader::new(values, student.classes());
        let mut session = Self { student, store, reader };
        if !restored && session.store.entry().is_some() {
            say.write_str(
                "note: the store keeps what another network has learned, until this one keeps its state\r\n",
            )?;
        }
        say.write_str("ready: ")?;
        session.tell(say)?;
        Ok(session)
    }

    /// Takes a byte. When it ends a sample of a known class, returns whether the answer was right.
    ///
    /// # Errors
    /// `say` does not take the answer.
    pub fn take(&mut self, byte: u8, say: &mut impl Write) -> Result<Option<bool>, fmt::Error> {
        match self.reader.push(byte) {
            None => Ok(None),
            Some(Err(error)) => write!(say, "error: {error}\r\n").map(|()| None),
            Some(Ok(Command::State)) => self.tell(say).map(|()| None),
            Some(Ok(Command::Keep)) => self.keep(say).and_then(|()| self.tell(say)).map(|()| None),
            Some(Ok(Command::Ask)) => {
                let answer = self.student.answer(self.reader.values());
                write!(say, "{answer}\r\n").map(|()| None)
            }
            Some(Ok(Command::Learn { class })) => {
                let answer = self.student.learn(self.reader.values(), class);
                let [samples, right] = self.student.score();
                if samples.is_multiple_of(KEEP_EVERY) {
                    self.keep(say)?;
                }
                let word = if answer == class { "right" } else { "wrong" };
                write!(say, "{answer} {word}, {right} of {samples}\r\n")?;
                Ok(Some(answer == class))
            }
        }
    }

    fn keep(&mut self, say: &mut impl Write) -> fmt::Result {
        match self.student.keep(&mut self.store) {
            Ok(()) => Ok(()),
            Err(error) => write!(say, "error: {error}\r\n"),
        }
    }

    /// What was learned, in figures.
    fn tell(&mut self, say: &mut impl Write) -> fmt::Result {
        let [samples, right] = self.student.score();
        let digest = self.student.digest().map_or(0, |digest| digest.total());
        write!(say, "{samples} samples, {right} right, digest {digest:016x}\r\n")
    }
}

fn fail<T>(say: &mut impl Write, error: &dyn fmt::Display) -> Result<T, fmt::Error> {
    write!(say, "error: {error}\r\n").and(Err(fmt::Error))
}
