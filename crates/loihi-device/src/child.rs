//! Processes that end with this one, however it ends: also when it is killed.
//!
//! What only some systems can do is here, with what the others do instead.

use std::io;
use std::process::{Child, Command, ExitStatus};

/// Starts a program that does not outlive this process, where the system can see to that, and that Ctrl-C does not reach:
/// it reaches this process, which then ends the program after tidying up.
///
/// # Errors
/// It cannot be started.
pub fn spawn(mut command: Command) -> io::Result<Child> {
    separate(&mut command);
    spawn_bound(command)
}

/// The signal that has ended a program, on systems that have signals.
#[cfg(unix)]
pub fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

/// Systems without signals end programs by exit statuses only.
#[cfg(not(unix))]
pub fn signal(_status: ExitStatus) -> Option<i32> {
    None
}

/// Kills a child that is still running (on Linux with its whole process group) and waits for it.
pub fn end(child: &mut Child) {
    #[cfg(target_os = "linux")]
    if let Ok(None) = child.try_wait() {
        use rustix::process::{Pid, Signal, kill_process_group};
        // Fails only if it has just ended.
        let _ended = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
    // Both fail only if it has ended already.
    let _ended = child.kill();
    let _reaped = child.wait();
}

/// Gives a program a process group of its own.
#[cfg(unix)]
fn separate(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

/// Gives a program a process group of its own.
#[cfg(windows)]
fn separate(command: &mut Command) {
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP);
}

/// Other systems have no groups of processes.
#[cfg(not(any(unix, windows)))]
fn separate(_command: &mut Command) {}

/// Starts a program that ends with this process.
#[cfg(target_os = "linux")]
fn spawn_bound(command: Command) -> io::Result<Child> {
    use std::sync::OnceLock;
    use std::sync::mpsc::{Sender, channel};

    type Birth = (Command, Sender<io::Result<Child>>);
    /// Linux ends a child with the *thread* that has started it: this one ends with the process.
    static PARENT: OnceLock<Sender<Birth>> = OnceLock::new();

    let parent = PARENT.get_or_init(|| {
        let (sender, births) = channel::<Birth>();
        std::thread::spawn(move || {
            for (mut command, born) in births {
                // The asking thread waits for it.
                let _nobody = born.send(bound(&mut command).spawn());
            }
        });
        sender
    });
    let gone = || io::Error::other("the thread that starts programs has ended");
    let (born, child) = channel();
    parent.send((command, born)).map_err(|_| gone())?;
    child.recv().map_err(|_| gone())?
}

/// On other systems a program outlives this process if that is killed.
#[cfg(not(target_os = "linux"))]
fn spawn_bound(mut command: Command) -> io::Result<Child> {
    command.spawn()
}

/// Has the system kill the program when the thread that starts it ends.
#[cfg(target_os = "linux")]
fn bound(command: &mut Command) -> &mut Command {
    use rustix::io::Errno;
    use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
    use std::os::unix::process::CommandExt as _;

    let parent = getpid();
    let bind = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // If the parent is already gone, no signal will come.
        if getppid() == Some(parent) { Ok(()) } else { Err(Errno::SRCH.into()) }
    };
    // SAFETY: `bind` runs between fork and exec, where only what is safe in a signal handler may run: it makes two system
    // calls, and neither allocates nor takes locks; an error of a number is made without memory.
    unsafe { command.pre_exec(bind) }
}
