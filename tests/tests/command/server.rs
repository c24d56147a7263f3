//! A small HTTP server: gives one file, in the ways in which real servers and networks do.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How a request is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// With the file, or with the part that is asked for.
    File,
    /// With the whole file, whatever is asked for.
    Whole,
    /// As `File`, but the connection is closed after this many bytes of it.
    CutAfter(usize),
    /// As `File`, but nothing comes after this many bytes of it, and the connection stays.
    StallAfter(usize),
    /// With a status alone.
    Status(u16),
    /// With another part than the one that is asked for.
    WrongPart,
}

/// A running server; it ends with the test program.
pub(crate) struct Server {
    /// `http://127.0.0.1:PORT`.
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Serves `file` at every path; each request takes the next answer, those after the last the last one.
    pub(crate) fn start(file: Vec<u8>, answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, file, answers) = (Arc::clone(&requests), Arc::new(file), answers.to_vec());
        thread::spawn(move || {
            for (number, connection) in listener.incoming().enumerate() {
                let answer = answers[number.min(answers.len() - 1)];
                let (seen, file) = (Arc::clone(&seen), Arc::clone(&file));
                // A client that goes away is what some tests are about.
                thread::spawn(move || drop(serve(&connection.unwrap(), &file, answer, &seen)));
            }
        });
        Self { address, requests }
    }

    /// The requests so far: path, and what is asked for by `Range`.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(connection: &TcpStream, file: &[u8], answer: Answer, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection).lines();
    let first = lines.next().unwrap()?;
    let mut range = None;
    for line in lines {
        let line = line?.to_lowercase();
        if line.is_empty() {
            break;
        }
        range = line.strip_prefix("range: ").map(str::to_owned).or(range);
    }
    let path = first.split(' ').nth(1).unwrap().to_owned();
    seen.lock().unwrap().push([path, range.clone().unwrap_or_default()].join(" ").trim().to_owned());

    let from = match (answer, range) {
        (Answer::Whole, _) | (_, None) => 0,
        (Answer::WrongPart, Some(_)) => 1,
        (_, Some(range)) => range.strip_prefix("bytes=").unwrap().trim_end_matches('-').parse().unwrap(),
    };
    let mut to = connection;
    if let Answer::Status(status) = answer {
        return write!(to, "HTTP/1.1 {status} So\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    if from > 0 && from >= file.len() {
        return write!(to, "HTTP/1.1 416 None\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let (part, length) = (&file[from..], file.len() - from);
    match from {
        0 => write!(to, "HTTP/1.1 200 OK\r\n")?,
        _ => write!(to, "HTTP/1.1 206 Part\r\nContent-Range: bytes {from}-{}/{}\r\n", file.len() - 1, file.len())?,
    }
    write!(to, "Content-Length: {length}\r\nConnection: close\r\n\r\n")?;
    match answer {
        Answer::CutAfter(bytes) => to.write_all(&part[..bytes]),
        Answer::StallAfter(bytes) => {
            to.write_all(&part[..bytes])?;
            // Longer than any client here waits.
            thread::sleep(Duration::from_mins(2));
            Ok(())
        }
        _ => to.write_all(part),
    }
}
