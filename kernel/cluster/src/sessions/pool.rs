//! Which session a request is run on, and when one is moved to another keyspace. Pure; the driver is `sessions.rs`'s matter.
//!
//! The protocol (v4) has no keyspace for a single request: a name without one is read under the keyspace of the connection
//! that the request came on. So the rule is kept here: **a session is moved only while no request runs on it and nobody holds
//! its keyspace, and one that has ever been in a keyspace is never used for a request without one.**

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// The most sessions of one connection, and so the most keyspaces that requests are under way in at one moment.
pub(crate) const MOST: usize = 4;
/// A session beside the main one that nobody has used for so long is closed.
const IDLE: Duration = Duration::from_secs(120);
/// How long a request that was given up on this side may still be executed by the server, under the keyspace that the
/// session is in by then: its session is not moved meanwhile. Servers give requests up sooner than that.
const AFTERMATH: Duration = Duration::from_secs(60);

/// The keyspace that names without one are read under. It is fixed when a request is first sent, and goes with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// Any: everything that the request names has its keyspace.
    Any,
    /// None is in use.
    Without,
    /// This one, as the schema names it.
    Keyspace(Arc<str>),
}

impl Scope {
    /// The keyspace in use.
    pub(crate) fn keyspace(&self) -> Option<&str> {
        match self {
            Self::Keyspace(name) => Some(name),
            Self::Any | Self::Without => None,
        }
    }

    /// The scope of what follows a request that the server has accepted: had a name been without its keyspace where none is
    /// in use, the server would have refused it, so what it accepted means the same in any.
    pub(crate) fn once_accepted(&self) -> Self {
        if *self == Self::Without { Self::Any } else { self.clone() }
    }
}

/// Where a session is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// It has never been in a keyspace.
    Nowhere,
    /// All of its connections are in this keyspace.
    In(Arc<str>),
    /// It was to be moved, and whether all of its connections were is not known.
    Unknown,
}

impl Place {
    fn serves(&self, scope: &Scope) -> bool {
        match (self, scope) {
            (Self::Nowhere, Scope::Without) => true,
            (Self::In(place), Scope::Keyspace(wanted)) => place == wanted,
            _ => false,
        }
    }
}

struct Entry<S> {
    id: u64,
    session: Arc<S>,
    place: Place,
    /// Requests under way.
    running: usize,
    /// Where it is being moved to: nothing is run on it until it is there.
    moving: Option<Scope>,
    /// Until when a request that was given up may still be executed.
    aftermath: Option<Instant>,
    used: Instant,
}

impl<S> Entry<S> {
    fn is_idle(&self, now: Instant) -> bool {
        self.running == 0 && self.moving.is_none() && self.aftermath.is_none_or(|until| until <= now)
    }
}

/// What is to be done for a request.
pub(crate) enum Choice<S> {
    /// Run it on this session, and [`Pool::release`] it then.
    Run(u64, Arc<S>),
    /// Move this session first; nobody else is given it until [`Pool::moved`].
    Move(u64, Arc<S>, Place),
    /// Open another one; [`Pool::opened`] tells how that ended.
    Open,
    /// Wait until something changes, and choose again.
    Wait,
}

/// The sessions of a connection.
pub(crate) struct Pool<S> {
    /// The main one first; it is never closed.
    entries: Vec<Entry<S>>,
    /// Those that are being opened, by what they are opened for.
    opening: Vec<Scope>,
    /// How many hold a keyspace.
    holders: HashMap<Scope, usize>,
    next: u64,
}

impl<S> Pool<S> {
    /// A pool of the main session, which is in no keyspace.
    pub(crate) fn new(main: Arc<S>, now: Instant) -> Self {
        let main = Self::entry(0, main, Place::Nowhere, now);
        Self { entries: vec![main], opening: Vec::new(), holders: HashMap::new(), next: 1 }
    }

    fn entry(id: u64, session: Arc<S>, place: Place, used: Instant) -> Entry<S> {
        Entry { id, session, place, running: 0, moving: None, aftermath: None, used }
    }

    /// What is to be done for a request in `scope`. `lives` tells whether a session beside the main one has a connection.
    pub(crate) fn choose(&mut self, scope: &Scope, now: Instant, lives: impl Fn(&S) -> bool) -> Choice<S> {
        let main = self.entries.first().map(|entry| entry.id);
        self.entries.retain(|entry| {
            Some(entry.id) == main || entry.running > 0 || entry.moving.is_some() || lives(&entry.session)
        });
        let serves = |entry: &&mut Entry<S>| {
            entry.moving.is_none()
                && entry.place.serves(scope)
                && (Some(entry.id) == main || lives(&entry.session))
        };
        if let Some(entry) = self.entries.iter_mut().find(serves) {
            entry.running += 1;
            entry.used = now;
            return Choice::Run(entry.id, Arc::clone(&entry.session));
        }
        if self.opening.contains(scope)
            || self.entries.iter().any(|entry| entry.moving.as_ref() == Some(scope))
        {
            return Choice::Wait;
        }
        if matches!(scope, Scope::Keyspace(_)) {
            let holders = &self.holders;
            let free = |entry: &&mut Entry<S>| entry.is_idle(now) && !is_held(holders, &entry.place);
            if let Some(entry) = self.entries.iter_mut().filter(free).min_by_key(|entry| entry.used) {
                entry.moving = Some(scope.clone());
                entry.used = now;
                return Choice::Move(entry.id, Arc::clone(&entry.session), entry.place.clone());
            }
        }
        if self.entries.len() + self.opening.len() >= MOST {
            // What is closed executes nothing more, so that one with an aftermath may be closed, too.
            let holders = &self.holders;
            let closable = |entry: &&Entry<S>| {
                Some(entry.id) != main
                    && entry.running == 0
                    && entry.moving.is_none()
                    && !is_held(holders, &entry.place)
            };
            let Some(id) = self.entries.iter().filter(closable).min_by_key(|entry| entry.used).map(|e| e.id)
            else {
                return Choice::Wait;
            };
            self.entries.retain(|entry| entry.id != id);
        }
        self.opening.push(scope.clone());
        Choice::Open
    }

    /// A move of [`Choice::Move`] has ended with the session at `place`; where it `runs`, a request is given to it at once.
    pub(crate) fn moved(&mut self, id: u64, place: Place, runs: bool) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.moving = None;
            entry.place = place;
            entry.running += usize::from(runs);
        }
    }

    /// A session of [`Choice::Open`] is there and in `scope`, or could not be opened. Returns its number; a request is given to
    /// it at once.
    pub(crate) fn opened(&mut self, scope: &Scope, session: Option<Arc<S>>, now: Instant) -> Option<u64> {
        if let Some(index) = self.opening.iter().position(|opening| opening == scope) {
            self.opening.swap_remove(index);
        }
        let place = match scope {
            Scope::Keyspace(name) => Place::In(Arc::clone(name)),
            Scope::Any | Scope::Without => Place::Nowhere,
        };
        let id = self.next;
        self.next += 1;
        let mut entry = Self::entry(id, session?, place, now);
        entry.running = 1;
        self.entries.push(entry);
        Some(id)
    }

    /// A request has ended; one that was `given_up` may still be executed by the server.
    pub(crate) fn release(&mut self, id: u64, given_up: bool, now: Instant) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.running = entry.running.saturating_sub(1);
            entry.used = now;
            if given_up {
                entry.aftermath = Some(now + AFTERMATH);
            }
        }
    }

    /// Sessions in this keyspace are not moved until [`Pool::let_go`].
    pub(crate) fn hold(&mut self, scope: &Scope) {
        *self.holders.entry(scope.clone()).or_default() += 1;
    }

    /// Ends a [`Pool::hold`].
    pub(crate) fn let_go(&mut self, scope: &Scope) {
        if let Some(count) = self.holders.get_mut(scope) {
            *count -= 1;
            if *count == 0 {
                self.holders.remove(scope);
            }
        }
    }

    /// Takes out the sessions beside the main one that nobody has used for long, or that are in the keyspace that is `gone`.
    pub(crate) fn take_idle(&mut self, now: Instant, gone: Option<&str>) -> Vec<Arc<S>> {
        let main = self.entries.first().map(|entry| entry.id);
        let is_gone =
            |place: &Place| matches!((place, gone), (Place::In(name), Some(gone)) if **name == *gone);
        let holders = &self.holders;
        let idle = |entry: &mut Entry<S>| {
            Some(entry.id) != main
                && entry.running == 0
                && entry.moving.is_none()
                && !is_held(holders, &entry.place)
                && (is_gone(&entry.place) || now.duration_since(entry.used) > IDLE)
        };
        self.entries.extract_if(.., idle).map(|entry| entry.session).collect()
    }

    /// The main session, to be moved out of the keyspace that is gone; `None` where it is elsewhere or in use.
    pub(crate) fn main_to_leave(&mut self, gone: &str, to: &Scope, now: Instant) -> Option<(u64, Arc<S>)> {
        let main = self.entries.first_mut()?;
        let leaves = main.is_idle(now) && matches!(&main.place, Place::In(name) if **name == *gone);
        leaves.then(|| {
            main.moving = Some(to.clone());
            (main.id, Arc::clone(&main.session))
        })
    }
}

fn is_held(holders: &HashMap<Scope, usize>, place: &Place) -> bool {
    match place {
        Place::Nowhere => holders.contains_key(&Scope::Without),
        Place::In(name) => holders.contains_key(&Scope::Keyspace(Arc::clone(name))),
        Place::Unknown => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keyspace(name: &str) -> Scope {
        Scope::Keyspace(name.into())
    }

    fn pool() -> Pool<u32> {
        Pool::new(Arc::new(0), Instant::now())
    }

    /// Chooses, and does what is chosen; the number of the session that the request runs on, or what else is to be done.
    fn lease(pool: &mut Pool<u32>, scope: &Scope) -> Result<u64, &'static str> {
        let now = Instant::now();
        match pool.choose(scope, now, |_| true) {
            Choice::Run(id, _) => Ok(id),
            Choice::Move(id, ..) => {
                let Scope::Keyspace(name) = scope else { return Err("moved to nowhere") };
                pool.moved(id, Place::In(Arc::clone(name)), true);
                Ok(id)
            }
            Choice::Open => pool.opened(scope, Some(Arc::new(1)), now).ok_or("not opened"),
            Choice::Wait => Err("wait"),
        }
    }

    fn release(pool: &mut Pool<u32>, id: u64) {
        pool.release(id, false, Instant::now());
    }

    #[test]
    fn one_session_does_where_nothing_runs_beside() {
        let mut pool = pool();
        for scope in [Scope::Without, keyspace("a"), keyspace("b"), keyspace("b"), keyspace("a")] {
            let id = lease(&mut pool, &scope).unwrap();
            assert_eq!(id, 0, "{scope:?}");
            release(&mut pool, id);
        }
    }

    #[test]
    fn a_request_that_runs_keeps_its_session_where_it_is() {
        let mut pool = pool();
        let a = lease(&mut pool, &keyspace("a")).unwrap();
        let b = lease(&mut pool, &keyspace("b")).unwrap();
        assert_ne!(a, b);
        assert_eq!(lease(&mut pool, &keyspace("a")), Ok(a), "many run in one keyspace at once");
        release(&mut pool, a);
        assert_eq!(lease(&mut pool, &keyspace("c")), Ok(2), "one still runs");
    }

    #[test]
    fn a_session_that_was_in_a_keyspace_serves_nothing_without_one() {
        let mut pool = pool();
        let id = lease(&mut pool, &keyspace("a")).unwrap();
        release(&mut pool, id);
        let other = lease(&mut pool, &Scope::Without).unwrap();
        assert_ne!(other, id);
        release(&mut pool, other);
        assert_eq!(lease(&mut pool, &Scope::Without), Ok(other));
    }

    #[test]
    fn a_held_keyspace_is_not_left() {
        let mut pool = pool();
        let id = lease(&mut pool, &keyspace("a")).unwrap();
        pool.hold(&keyspace("a"));
        release(&mut pool, id);
        assert_ne!(lease(&mut pool, &keyspace("b")), Ok(id));
        pool.let_go(&keyspace("a"));
        assert_eq!(lease(&mut pool, &keyspace("c")), Ok(id));
    }

    #[test]
    fn what_was_given_up_may_still_be_executed_and_is_not_moved() {
        let mut pool = pool();
        let id = lease(&mut pool, &keyspace("a")).unwrap();
        pool.release(id, true, Instant::now());
        assert_ne!(lease(&mut pool, &keyspace("b")), Ok(id));
        assert_eq!(lease(&mut pool, &keyspace("a")), Ok(id));
    }

    #[test]
    fn sessions_are_bounded_and_the_least_used_gives_way() {
        let mut pool = pool();
        let ids: Vec<_> = ["a", "b", "c", "d"].map(|name| lease(&mut pool, &keyspace(name)).unwrap()).into();
        assert_eq!(lease(&mut pool, &keyspace("e")), Err("wait"), "all run");
        assert_eq!(lease(&mut pool, &keyspace("d")), Ok(ids[3]));
        release(&mut pool, ids[2]);
        assert_eq!(lease(&mut pool, &keyspace("e")), Ok(ids[2]));
        release(&mut pool, ids[1]);
        assert_eq!(lease(&mut pool, &Scope::Without), Ok(4), "one is closed, for what cannot be moved to");
        assert_eq!(lease(&mut pool, &keyspace("b")), Err("wait"));
    }

    #[test]
    fn several_that_want_the_same_wait_for_one_move() {
        let mut pool = pool();
        let now = Instant::now();
        let Choice::Move(id, ..) = pool.choose(&keyspace("a"), now, |_| true) else { panic!("it is idle") };
        assert!(matches!(pool.choose(&keyspace("a"), now, |_| true), Choice::Wait));
        assert!(matches!(pool.choose(&keyspace("b"), now, |_| true), Choice::Open));
        assert!(matches!(pool.choose(&keyspace("b"), now, |_| true), Choice::Wait));
        pool.moved(id, Place::Unknown, false);
        assert!(matches!(pool.choose(&Scope::Without, now, |_| true), Choice::Open), "it is nowhere known");
    }

    #[test]
    fn idle_and_dead_sessions_are_closed() {
        let mut pool = pool();
        let ids: Vec<_> = ["a", "b", "c"].map(|name| lease(&mut pool, &keyspace(name)).unwrap()).into();
        for id in &ids {
            release(&mut pool, *id);
        }
        let later = Instant::now() + IDLE + Duration::from_secs(1);
        assert_eq!(pool.take_idle(Instant::now(), None).len(), 0);
        assert_eq!(pool.take_idle(Instant::now(), Some("b")).len(), 1);
        assert_eq!(pool.take_idle(later, None).len(), 1, "the main one stays");
        let other = lease(&mut pool, &Scope::Without).unwrap();
        release(&mut pool, other);
        assert!(matches!(pool.choose(&Scope::Without, Instant::now(), |_| false), Choice::Open));
    }

    proptest! {
        /// Whatever lanes do in whatever order, a request never runs on a session that is elsewhere, and no session leaves the
        /// keyspace of what runs on it.
        #[test]
        fn requests_run_where_they_belong(steps in proptest::collection::vec((0..4_usize, 0..6_usize, any::<bool>()), 1..200)) {
            let scopes = [Scope::Without, keyspace("a"), keyspace("b"), keyspace("c"), keyspace("d"), keyspace("e")];
            let mut pool = pool();
            let mut lanes: [Option<(u64, Scope)>; 4] = Default::default();
            for (lane, scope, given_up) in steps {
                match lanes[lane].take() {
                    Some((id, _)) => pool.release(id, given_up, Instant::now()),
                    None => {
                        let scope = &scopes[scope];
                        if let Ok(id) = lease(&mut pool, scope) {
                            lanes[lane] = Some((id, scope.clone()));
                        }
                    }
                }
                prop_assert!(pool.entries.len() <= MOST);
                for (id, scope) in lanes.iter().flatten() {
                    let entry = pool.entries.iter().find(|entry| entry.id == *id);
                    prop_assert!(entry.is_some_and(|entry| entry.running > 0 && entry.place.serves(scope)));
                }
            }
        }
    }
}
