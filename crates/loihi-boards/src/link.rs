//! What the build script of a firmware makes of a board's data: the memory map for the linker, and constants.

use super::{Board, Memory};
use std::fmt::Write as _;

/// Ticks of the processor's clock that a run takes for a number of instructions, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickRatio {
    /// Ticks.
    pub ticks: u64,
    /// Instructions in them.
    pub instructions: u64,
}

impl Board {
    /// The memory map, as the start-up crates `cortex-m-rt` and `riscv-rt` want it.
    ///
    /// The stack lies at the beginning of the RAM, below everything else, or in memory of its own, so that it runs off the
    /// memory when it overflows: into nothing, which faults, and not into variables. Code ends before the network in flash,
    /// and the RAM before a store.
    pub fn memory_script(&self) -> String {
        let Memory { origin, bytes } = self.ram;
        let stack = Memory { origin: self.stack_origin.unwrap_or(origin), bytes: self.stack_bytes };
        let bytes = bytes.saturating_sub(self.store.map_or(0, |store| store.bytes));
        let rest = match self.stack_origin {
            Some(_) => Memory { origin, bytes },
            None => Memory { origin: origin + stack.bytes, bytes: bytes.saturating_sub(stack.bytes) },
        };
        let code_end = self.network.map_or(self.flash.origin + self.flash.bytes, |network| network.origin);
        let flash = Memory { bytes: code_end.saturating_sub(self.flash.origin), ..self.flash };
        let mut script = "MEMORY\n{\n".to_owned();
        for (name, Memory { origin, bytes }) in [("FLASH", flash), ("STACK", stack), ("RAM", rest)] {
            // Writing to a string does not fail.
            let _written = writeln!(script, "  {name} : ORIGIN = {origin:#x}, LENGTH = {bytes:#x}");
        }
        script.push_str("}\n");
        for (section, region) in [
            ("TEXT", "FLASH"),
            ("RODATA", "FLASH"),
            ("DATA", "RAM"),
            ("BSS", "RAM"),
            ("HEAP", "RAM"),
            ("STACK", "STACK"),
        ] {
            let _written = writeln!(script, "REGION_ALIAS(\"REGION_{section}\", {region});");
        }
        script.push_str("__stack_bottom = ORIGIN(STACK);\n_stack_end = ORIGIN(STACK);\n");
        script.push_str("_stack_start = ORIGIN(STACK) + LENGTH(STACK);\n");
        script.push_str("__stack_top = _stack_start;\n");
        script
    }

    /// The same board without its store: its programs have all of the RAM.
    #[must_use]
    pub fn without_store(&self) -> Self {
        Self { store: None, ..self.clone() }
    }

    /// The constants of a board as Rust items. A store takes its bytes from the arena.
    pub fn constants(&self) -> String {
        let arena_bytes = self.arena_bytes.saturating_sub(self.store.map_or(0, |store| store.bytes));
        let TickRatio { ticks, instructions } = self.tick_ratio();
        let address = |address: u64| Some(format!("{address:#x}"));
        let place = |place: Option<Memory>| {
            let range = place.map(|Memory { origin, bytes }| format!("Some(({origin:#x}, {bytes:#x}))"));
            Some(range.unwrap_or_else(|| "None".to_owned()))
        };
        let strobe = self.strobe.as_ref();
        let constants = [
            ("NAME", "&str", Some(format!("{:?}", self.name))),
            ("ARENA_BYTES", "usize", address(arena_bytes)),
            ("BODY_BYTES", "usize", address(self.body_bytes)),
            ("UART_BASE", "usize", self.uart_base.and_then(address)),
            ("STROBE_BASE", "usize", strobe.and_then(|strobe| address(strobe.base))),
            ("STROBE_NUMBER", "u32", strobe.map(|strobe| strobe.number.to_string())),
            ("NETWORK", "Option<(usize, usize)>", place(self.network)),
            ("STORE", "Option<(usize, usize)>", place(self.store)),
            ("CLOCK_HZ", "u32", Some(self.clock_hz.to_string())),
            ("RATIO_TICKS", "u32", Some(ticks.to_string())),
            ("RATIO_INSTRUCTIONS", "u32", Some(instructions.to_string())),
        ];
        let item = |(name, kind, value): (&str, &str, Option<String>)| {
            value.map(|value| format!("pub(crate) const {name}: {kind} = {value};\n"))
        };
        constants.into_iter().filter_map(item).collect()
    }

    /// How the processor's clock counts instructions in QEMU; on real hardware it counts itself.
    pub fn tick_ratio(&self) -> TickRatio {
        const NS: u64 = 1_000_000_000;
        let Some(qemu) = &self.qemu else { return TickRatio { ticks: 1, instructions: 1 } };
        let ticks = self.clock_hz.saturating_mul(1 << qemu.icount_shift.min(10));
        let divisor = common_divisor(ticks, NS);
        TickRatio { ticks: ticks / divisor, instructions: NS / divisor }
    }
}

const fn common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    if a == 0 { 1 } else { a }
}

#[cfg(test)]
mod tests {
    use crate::named;

    use super::*;

    #[test]
    fn an_instruction_is_a_number_of_ticks() {
        let ratio = named("mps2-an386").unwrap().tick_ratio();
        assert_eq!(ratio, TickRatio { ticks: 128, instructions: 5 }, "25.6 ticks at 25 MHz are 1,024 ns");
    }

    #[test]
    fn the_stack_lies_below_everything() {
        let board = named("netduinoplus2").unwrap();
        let script = board.memory_script();
        assert!(script.contains("STACK : ORIGIN = 0x20000000"), "{script}");
        assert!(script.contains("_stack_start = ORIGIN(STACK) + LENGTH(STACK);"), "{script}");
    }

    #[test]
    fn a_stack_with_memory_of_its_own_leaves_the_ram_whole() {
        let script = named("stm32f405").unwrap().memory_script();
        assert!(script.contains("STACK : ORIGIN = 0x10000000"), "{script}");
        assert!(script.contains("RAM : ORIGIN = 0x20000000, LENGTH = 0x20000"), "{script}");
    }

    #[test]
    fn nothing_lies_over_network_and_store() {
        let board = named("netduinoplus2").unwrap();
        let script = board.memory_script();
        assert!(script.contains("FLASH : ORIGIN = 0x8000000, LENGTH = 0x40000"), "{script}");
        assert!(script.contains("RAM : ORIGIN = 0x20003c00, LENGTH = 0x12400"), "{script}");
        let plain = board.without_store();
        assert!(plain.memory_script().contains("RAM : ORIGIN = 0x20003c00, LENGTH = 0x1c400"));
        assert!(plain.constants().contains("pub(crate) const STORE: Option<(usize, usize)> = None;"));
        let constants = board.constants();
        assert!(constants.contains("NETWORK: Option<(usize, usize)> = Some((0x8040000, 0xc0000));"), "{constants}");
        assert!(constants.contains("ARENA_BYTES: usize = 0x10400;"), "{constants}");
    }

    #[test]
    fn constants_are_those_of_the_file() {
        let constants = named("mps2-an386").unwrap().constants();
        assert!(constants.contains("pub(crate) const UART_BASE: usize = 0x40004000;"), "{constants}");
        assert!(constants.contains("pub(crate) const RATIO_TICKS: u32 = 128;"), "{constants}");
    }
}
