//! What may not be in the firmware image: an instruction that an i586 without floating point
//! lacks, and a way to panic.
//!
//! The image of deliberate faults holds one of each and is the control: were a check blind, it
//! would find nothing there either.

use std::fs;
use std::path::Path;

use iced_x86::{Code, CpuidFeature, Decoder, DecoderOptions, Instruction};
use object::{Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};

/// What every Pentium without its floating point unit executes. `PAUSE` is a `NOP` to it.
const I586: [CpuidFeature; 9] = [
    CpuidFeature::INTEL8086,
    CpuidFeature::INTEL186,
    CpuidFeature::INTEL286,
    CpuidFeature::INTEL386,
    CpuidFeature::INTEL486,
    CpuidFeature::CPUID,
    CpuidFeature::TSC,
    CpuidFeature::CX8,
    CpuidFeature::PAUSE,
];

/// Parts of the names of functions that only a panic calls. Mangled names hold them literally.
const PANICS: [&str; 6] = ["panicking", "begin_unwind", "unwrap_failed", "expect_failed", "index_fail", "panic_"];

/// Reads the image of the binary `name`.
fn image(name: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let path = root.join("target/firmware").join(name).with_extension("elf");
    fs::read(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}; run `cargo xtask firmware` first", path.display()))
}

/// Whether an i586 without floating point does not execute `instruction` as meant.
fn is_foreign_to_i586(instruction: &Instruction) -> bool {
    // Older processors read TZCNT as BSF with a prefix of no effect. The compiler chooses this
    // encoding where the operand is not zero, and there the two agree.
    instruction.code() != Code::Tzcnt_r32_rm32
        && (instruction.is_invalid() || !instruction.cpuid_features().iter().all(|feature| I586.contains(feature)))
}

/// Whether an i586 executes what a 486 does not.
fn is_foreign_to_486(instruction: &Instruction) -> bool {
    let later = [CpuidFeature::CPUID, CpuidFeature::TSC, CpuidFeature::CX8];
    instruction.cpuid_features().iter().any(|feature| later.contains(feature))
}

/// The addresses in `code` of instructions that are `foreign`, each with its name.
fn foreign_instructions(code: &[u8], address: u64, foreign: fn(&Instruction) -> bool) -> Vec<(u64, Code)> {
    Decoder::with_ip(32, code, address, DecoderOptions::NONE)
        .iter()
        .filter(foreign)
        .map(|instruction| (instruction.ip(), instruction.code()))
        .collect()
}

/// As [`foreign_instructions`], of all code in an image.
fn foreign_in_image(image: &[u8], foreign: fn(&Instruction) -> bool) -> Vec<(u64, Code)> {
    let file = object::File::parse(image).unwrap();
    let code: Vec<_> = file.sections().filter(|part| part.kind() == SectionKind::Text).collect();
    assert!(!code.is_empty(), "the image has no code");
    code.iter().flat_map(|part| foreign_instructions(part.data().unwrap(), part.address(), foreign)).collect()
}

/// The names of the functions in an image.
fn functions(image: &[u8]) -> Vec<String> {
    let file = object::File::parse(image).unwrap();
    file.symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text)
        .map(|symbol| symbol.name().unwrap().to_owned())
        .collect()
}

/// The functions that only a panic calls.
fn panics(image: &[u8]) -> Vec<String> {
    let is_panic = |name: &String| PANICS.iter().any(|part| name.contains(part));
    functions(image).into_iter().filter(is_panic).collect()
}

#[test]
fn every_instruction_is_one_of_an_i586_without_floating_point() {
    let foreign = foreign_in_image(&image("firmware-x86-mcu"), is_foreign_to_i586);
    assert!(foreign.is_empty(), "{} foreign instructions: {foreign:x?}", foreign.len());
}

/// Both stand behind the question whether the processor has them.
#[test]
fn what_a_486_lacks_is_the_clock_and_what_tells_of_it() {
    let mut codes: Vec<_> = foreign_in_image(&image("firmware-x86-mcu"), is_foreign_to_486);
    codes.sort_by_key(|(_, code)| *code as usize);
    codes.dedup_by_key(|(_, code)| *code);
    assert_eq!(codes.iter().map(|(_, code)| *code).collect::<Vec<_>>(), [Code::Rdtsc, Code::Cpuid], "{codes:x?}");
}

#[test]
fn a_floating_point_instruction_is_found() {
    let found: Vec<_> =
        foreign_in_image(&image("fault-x86-mcu"), is_foreign_to_i586).iter().map(|(_, code)| *code).collect();
    assert_eq!(found, [Code::Fld1]);
}

#[test]
fn instructions_of_later_processors_are_found() {
    let foreign: [(&[u8], Code); 5] = [
        (&[0xd8, 0xc1], Code::Fadd_st0_sti),
        (&[0x0f, 0x44, 0xc1], Code::Cmove_r32_rm32),
        (&[0x0f, 0x6f, 0xc1], Code::Movq_mm_mmm64),
        (&[0xf3, 0x0f, 0x58, 0xc1], Code::Addss_xmm_xmmm32),
        (&[0x66, 0x0f, 0xef, 0xc0], Code::Pxor_xmm_xmmm128),
    ];
    for (bytes, code) in foreign {
        assert_eq!(foreign_instructions(bytes, 0x1000, is_foreign_to_i586), [(0x1000, code)]);
    }
    // MOV EAX, 1; RET.
    assert_eq!(foreign_instructions(&[0xb8, 1, 0, 0, 0, 0xc3], 0, is_foreign_to_i586), []);
}

#[test]
fn no_panic_can_be_reached() {
    let image = image("firmware-x86-mcu");
    assert!(functions(&image).iter().any(|name| name == "firmware_main"), "no symbols to look at");
    assert_eq!(panics(&image), Vec::<String>::new());
}

#[test]
fn a_panic_is_found() {
    let found = panics(&image("fault-x86-mcu"));
    assert!(found.iter().any(|name| name.contains("begin_unwind")), "found only {found:?}");
}
