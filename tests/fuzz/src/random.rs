//! Numbers and bytes from a seed, and the ways to spoil what is well formed. The same seed gives the same input on every
//! machine.

/// A generator of numbers: splitmix64.
#[derive(Debug, Clone)]
pub struct Random(u64);

/// Numbers that stand at an edge of something.
const EDGES: [u64; 14] = [
    0,
    1,
    2,
    7,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    i64::MAX as u64,
    u64::MAX,
];

impl Random {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, zero where that is zero.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.number() % (limit.max(1) as u64)).unwrap_or_default()
    }

    /// Whether it is one of `odds`.
    pub fn once_in(&mut self, odds: usize) -> bool {
        self.below(odds) == 0
    }

    /// One of these; nothing of none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }

    /// A number at an edge, or any.
    pub fn edge(&mut self) -> u64 {
        if self.once_in(4) { self.number() } else { self.pick(&EDGES).copied().unwrap_or_default() }
    }

    /// Bytes without a form.
    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.below(most + 1);
        (0..length).map(|_| self.number() as u8).collect()
    }

    /// Pieces one after the other, some of them many times.
    pub fn text(&mut self, pieces: &[&str], most: usize) -> String {
        let mut text = String::new();
        for _ in 0..self.below(most) + 1 {
            let piece = self.pick(pieces).copied().unwrap_or_default();
            let times = match self.below(40) {
                0 => self.below(3_000),
                1 => self.below(100),
                _ => 1,
            };
            text.push_str(&piece.repeat(times));
            if !self.once_in(5) {
                text.push(' ');
            }
        }
        text
    }

    /// Spoils bytes at some places: flips, cuts, doubles, takes out, and puts in numbers that stand at an edge.
    pub fn spoil(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(8) {
                0 => bytes.truncate(at),
                1 => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << self.below(8);
                    }
                }
                2 => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = self.edge() as u8;
                    }
                }
                3 => {
                    let end = (at + self.below(64)).min(bytes.len());
                    bytes.drain(at..end);
                }
                4 => {
                    let end = (at + self.below(64)).min(bytes.len());
                    let part = bytes[at..end].to_vec();
                    let times = if self.once_in(8) { self.below(2_000) } else { self.below(4) };
                    let parts = part.repeat(times);
                    bytes.splice(at..at, parts);
                }
                5 => {
                    let number = (self.edge() as u32).to_be_bytes();
                    for (place, byte) in number.iter().enumerate() {
                        if let Some(old) = bytes.get_mut(at + place) {
                            *old = *byte;
                        }
                    }
                }
                6 => {
                    let number = (self.edge() as u16).to_be_bytes();
                    bytes.splice(at..at, number);
                }
                _ => {
                    let new = self.bytes(8);
                    bytes.splice(at..at, new);
                }
            }
        }
    }
}
