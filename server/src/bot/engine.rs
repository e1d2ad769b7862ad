//! One call of a bot's script, in an engine of its own: with a bound on time, memory and stack, and no way out but what the
//! prelude gives. Nothing of it is left when it is over.

use rquickjs::context::EvalOptions;
use rquickjs::promise::PromiseState;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Object, Promise, Runtime, Value};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

const PRELUDE: &str = include_str!("prelude.js");
/// Bytes of stack; a thread has more.
const STACK: usize = 512 * 1024;
/// What ends a hook and is no error.
const NEW_SESSION: &str = "newSessionException";
/// What errors are called. A script may give one any name.
const KINDS: [&str; 7] =
    ["TypeError", "RangeError", "ReferenceError", "SyntaxError", "EvalError", "URIError", "InternalError"];

/// A script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The file's name, for errors.
    pub name: String,
    /// Its text.
    pub source: String,
}

/// What a call may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Time.
    pub time: Duration,
    /// Bytes of memory.
    pub memory: usize,
}

/// What went wrong in a script, without anything that it works on: the place and the kind of the error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct ScriptError {
    /// File and line, as far as they are known.
    pub place: String,
    /// What happened.
    pub reason: String,
}

/// Reads session data, as JSON text.
pub type ReadData = Box<dyn Fn() -> String>;

/// Runs a script's hook: `call` goes in, and what is to be done comes out, both as JSON text.
///
/// # Errors
/// When the script throws, or takes too much.
pub fn run(script: &Script, call: &str, bounds: Bounds, read_data: ReadData) -> Result<String, ScriptError> {
    within(script, bounds, |ctx, started, failures| {
        let failed = |error: &CaughtError<'_>| describe(script, error, started, Phase::Call);
        let prelude = load(ctx, script, started)?;
        // Not before: a script that is read cannot have it.
        let data = Function::new(ctx.clone(), read_data).catch(ctx).map_err(|error| failed(&error))?;
        ctx.globals().set("__data", data).catch(ctx).map_err(|error| failed(&error))?;
        let calling = || -> rquickjs::Result<Value<'_>> { prelude.get::<_, Function<'_>>("run")?.call((call,)) };
        let hook = calling().catch(ctx).map_err(|error| failed(&error))?;
        let is_settled = settle(ctx, started);
        let broken = |reason: &str| Err(ScriptError { place: script.name.clone(), reason: reason.to_owned() });
        if let Some(hook) = hook.as_promise() {
            hook_is_over(hook).catch(ctx).map_err(|error| failed(&error))?;
            if hook.state() == PromiseState::Pending {
                return broken(if started.is_over() { TOO_LONG } else { NEVER });
            }
        }
        if !is_settled {
            return broken(TOO_LONG);
        }
        if failures.get() > 0 {
            return broken(UNSEEN);
        }
        let telling = || -> rquickjs::Result<String> { prelude.get::<_, Function<'_>>("wanted")?.call(()) };
        telling().catch(ctx).map_err(|error| failed(&error))
    })
}

const TOO_LONG: &str = "it took too long";
const NEVER: &str = "it waits for a promise that nothing settles";
const UNSEEN: &str = "a promise of it failed, and nothing waits for that: `await` it";

/// Lets promises go on until nothing is left to do: says whether that is so before the time is over.
fn settle(ctx: &Ctx<'_>, started: Started) -> bool {
    while ctx.execute_pending_job() {
        if started.is_over() {
            return false;
        }
    }
    true
}

/// The error that an async hook ended with, if it did.
fn hook_is_over(hook: &Promise<'_>) -> rquickjs::Result<()> {
    hook.result::<Value<'_>>().transpose().map(|_| ())
}

/// Reads a script, which tells whether it is one: its hooks are not called.
///
/// # Errors
/// When it is not.
pub fn check(script: &Script, bounds: Bounds) -> Result<(), ScriptError> {
    within(script, bounds, |ctx, started, _| load(ctx, script, started).map(|_| ()))
}

/// The clock of a call: the processor time of its thread, so that a busy machine does not count against a script.
#[derive(Clone, Copy)]
struct Started {
    at: Duration,
    time: Duration,
}

impl Started {
    fn now(time: Duration) -> Self {
        Self { at: spent(), time }
    }

    fn is_over(self) -> bool {
        spent().saturating_sub(self.at) >= self.time
    }
}

/// The processor time that this thread has spent.
#[cfg(unix)]
fn spent() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// The time, where that of a thread is not to be had.
#[cfg(not(unix))]
fn spent() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

/// What a script is doing when it fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It is read: there is nothing of a visitor's.
    Load,
    /// One of its hooks is called.
    Call,
}

fn within<T>(
    script: &Script,
    bounds: Bounds,
    work: impl FnOnce(&Ctx<'_>, Started, &Cell<usize>) -> Result<T, ScriptError>,
) -> Result<T, ScriptError> {
    let broken = |_| ScriptError { place: script.name.clone(), reason: "the engine could not be started".to_owned() };
    let runtime = Runtime::new().map_err(broken)?;
    runtime.set_memory_limit(bounds.memory);
    runtime.set_max_stack_size(STACK);
    let started = Started::now(bounds.time);
    runtime.set_interrupt_handler(Some(Box::new(move || started.is_over())));
    // Promises that failed and that nothing waits for.
    let failures = Rc::new(Cell::new(0_usize));
    let counted = Rc::clone(&failures);
    runtime.set_host_promise_rejection_tracker(Some(Box::new(move |_, _, error, is_handled| {
        let named: Option<String> = error.as_object().and_then(|error| error.get("name").ok());
        if named.as_deref() != Some(NEW_SESSION) {
            let count = counted.get();
            counted.set(if is_handled { count.saturating_sub(1) } else { count + 1 });
        }
    })));
    let context = Context::full(&runtime).map_err(broken)?;
    context.with(|ctx| work(&ctx, started, &failures))
}

/// Evaluates prelude and script; returns what calls a hook and tells what it wants.
fn load<'js>(ctx: &Ctx<'js>, script: &Script, started: Started) -> Result<Object<'js>, ScriptError> {
    let failed = |error: &CaughtError<'_>| describe(script, error, started, Phase::Load);
    let prelude: Object<'js> = ctx.eval(PRELUDE).catch(ctx).map_err(|error| failed(&error))?;
    let mut options = EvalOptions::default();
    options.filename = Some(script.name.clone());
    options.strict = false;
    ctx.eval_with_options::<(), _>(script.source.as_str(), options).catch(ctx).map_err(|error| failed(&error))?;
    settle(ctx, started);
    Ok(prelude)
}

/// An error with its place in the script. What a script throws in a call may hold what visitors said: only its kind is told, unless it
/// is the prelude's own, or names something that stands in the script.
fn describe(script: &Script, error: &CaughtError<'_>, started: Started, phase: Phase) -> ScriptError {
    let at = |stack: &str| {
        let frame = stack.lines().find_map(|line| line.split_once(script.name.as_str()).map(|(_, rest)| rest));
        let digits: String =
            frame.unwrap_or_default().trim_start_matches(':').chars().take_while(char::is_ascii_digit).collect();
        if digits.is_empty() { script.name.clone() } else { format!("{}, line {digits}", script.name) }
    };
    if started.is_over() {
        return ScriptError { place: script.name.clone(), reason: TOO_LONG.to_owned() };
    }
    let CaughtError::Exception(exception) = error else {
        let reason = match error {
            // What the engine throws where there is no room for an error.
            CaughtError::Value(value) if value.is_null() => "it took too much memory, or threw null",
            CaughtError::Value(_) => "it threw something that is no Error",
            _ => "it did what the engine does not allow",
        };
        return ScriptError { place: script.name.clone(), reason: reason.to_owned() };
    };
    let object = exception.as_object();
    let named: String = object.get("name").unwrap_or_default();
    let kind = KINDS.into_iter().find(|kind| *kind == named).unwrap_or("Error");
    let message = exception.message().unwrap_or_default();
    let of_script =
        || message.strip_suffix(" is not defined").is_some_and(|name| script.source.contains(name.trim_matches('\'')));
    let ours = || object.get::<_, bool>("ofPrelude").unwrap_or(false);
    let known = phase == Phase::Load || (kind == "ReferenceError" && of_script()) || ours();
    let reason = match (known, message.as_str()) {
        (_, "out of memory") => "it took too much memory".to_owned(),
        (_, "Maximum call stack size exceeded" | "stack overflow") => "its calls are nested too deep".to_owned(),
        (true, message) => format!("{kind}: {message}"),
        (false, _) => format!("it threw a {kind}"),
    };
    ScriptError { place: at(&exception.stack().unwrap_or_default()), reason }
}
