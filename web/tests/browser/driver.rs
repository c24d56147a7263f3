//! A browser, driven by `WebDriver` (W3C) through Chromium's own driver.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a page is waited for.
const PATIENCE: Duration = Duration::from_secs(45);
/// Without services, and without what a machine for tests lacks; root must go without a sandbox.
const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];

/// What draws.
#[derive(Clone, Copy)]
pub(crate) enum Pointer {
    Mouse,
    Touch,
}

/// A browser with one window.
pub(crate) struct Browser {
    driver: Child,
    agent: ureq::Agent,
    /// Of the session, without a slash at the end.
    address: String,
    _profile: TempDir,
}

impl Browser {
    /// With a window of this size; a script comes before those of every page.
    pub(crate) fn open(size: [u32; 2], before: &str) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver cannot be started: run `cargo xtask setup`");
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = said.find_map(|line| {
            let line = line.unwrap();
            line.split_once("successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("chromedriver has not said its port");
        // Else it stops once its pipe is full.
        thread::spawn(move || said.for_each(drop));

        let profile = TempDir::new().unwrap();
        let mut all: Vec<String> = ARGUMENTS.iter().map(|own| (*own).to_owned()).collect();
        all.push(format!("--user-data-dir={}", profile.path().display()));
        let config = ureq::Agent::config_builder().timeout_global(Some(2 * PATIENCE)).http_status_as_error(false);
        let mut browser = Self {
            driver,
            agent: config.build().into(),
            address: format!("http://127.0.0.1:{port}/session"),
            _profile: profile,
        };
        let options = json!({"goog:chromeOptions": {"args": all}, "goog:loggingPrefs": {"browser": "ALL"}});
        let session = browser.post("", &json!({"capabilities": {"alwaysMatch": options}}));
        browser.address = format!("{}/{}", browser.address, session["sessionId"].as_str().unwrap());
        let [width, height] = size;
        let screen = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        browser.command("Emulation.setDeviceMetricsOverride", &screen);
        browser.command("Page.addScriptToEvaluateOnNewDocument", &json!({"source": before}));
        browser
    }

    /// A command of Chromium's own.
    fn command(&self, name: &str, parameters: &Value) {
        self.post("/goog/cdp/execute", &json!({"cmd": name, "params": parameters}));
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.agent.post(format!("{}{path}", self.address)).content_type("application/json");
        let text = request.send(body.to_string()).unwrap().body_mut().read_to_string().unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        let value = answer["value"].clone();
        assert!(value.get("error").is_none(), "{path} {body}: {value}");
        value
    }

    pub(crate) fn go(&self, url: &str) {
        self.post("/url", &json!({"url": url}));
    }

    /// What a function with this body returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// Waits until an expression is true.
    pub(crate) fn wait(&self, condition: &str) {
        let start = Instant::now();
        while self.run(&format!("return {condition}")) != json!(true) {
            let page = || self.run("return document.body.innerText");
            assert!(start.elapsed() < PATIENCE, "never: {condition}; the page says {}", page());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The text of an element.
    pub(crate) fn text(&self, id: &str) -> String {
        self.run(&format!("return document.getElementById('{id}').textContent")).as_str().unwrap().to_owned()
    }

    /// Presses a button.
    pub(crate) fn click(&self, id: &str) {
        self.run(&format!("document.getElementById('{id}').click()"));
    }

    /// A stroke through points of the window.
    pub(crate) fn stroke(&self, points: &[[f64; 2]], pointer: Pointer) {
        let kind = match pointer {
            Pointer::Mouse => "mouse",
            Pointer::Touch => "touch",
        };
        let to =
            |[x, y]: &[f64; 2], duration: u32| json!({"type": "pointerMove", "duration": duration, "x": x, "y": y});
        let (first, rest) = points.split_first().unwrap();
        let mut actions = vec![to(first, 0), json!({"type": "pointerDown", "button": 0})];
        actions.extend(rest.iter().map(|point| to(point, 2)));
        actions.push(json!({"type": "pointerUp", "button": 0}));
        let parameters = json!({"pointerType": kind});
        let source = json!({"type": "pointer", "id": kind, "parameters": parameters, "actions": actions});
        self.post("/actions", &json!({"actions": [source]}));
    }

    /// Types; keys without a character are those of `WebDriver`.
    pub(crate) fn keys(&self, text: &str) {
        let press = |key: char| {
            let of = |kind: &str| json!({"type": kind, "value": key.to_string()});
            [of("keyDown"), of("keyUp")]
        };
        let actions: Vec<Value> = text.chars().flat_map(press).collect();
        self.post("/actions", &json!({"actions": [{"type": "key", "id": "keys", "actions": actions}]}));
    }

    /// What the console has had since this was last called.
    pub(crate) fn log(&self) -> Vec<Value> {
        self.post("/se/log", &json!({"type": "browser"})).as_array().unwrap().clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the browser; the driver ends with its process.
        let _ = self.agent.delete(&self.address).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
