//! The layout of a bundle's file: a mark, then four parts, each behind its length. Knows
//! nothing of what the parts mean.

/// What the file begins with; the number is the version of the layout.
const MARK: &[u8; 16] = b"plimsoll-bundle1";

/// Largest component, in bytes.
pub const COMPONENT_BYTES_MAX: usize = 1 << 20;
/// Most bytes of each part, with its name, in the order of the file.
const PARTS: [(&str, usize); 4] = [
    ("manifest", 64 << 10),
    ("component", COMPONENT_BYTES_MAX),
    ("cases", 1 << 20),
    ("signatures", 16 << 10),
];

/// Why a file has not the layout of a bundle.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It begins with something else.
    #[error("it does not begin as a bundle of layout 1")]
    Mark,
    /// It ends inside of a part.
    #[error("it ends inside of its {0}")]
    Short(&'static str),
    /// A part is larger than it may be.
    #[error("its {name} has {bytes} bytes, {max} are the most")]
    Large {
        /// Which part.
        name: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// Something follows that belongs to no part.
    #[error("{0} bytes follow its last part")]
    Long(usize),
}

/// The parts of a file, not understood.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) manifest: Vec<u8>,
    pub(super) component: Vec<u8>,
    pub(super) cases: Vec<u8>,
    pub(super) signatures: Vec<u8>,
}

impl Parts {
    pub(super) fn read(file: &[u8]) -> Result<Parts, FormatError> {
        let mut rest = file.strip_prefix(MARK).ok_or(FormatError::Mark)?;
        let [manifest, component, cases, signatures] = PARTS.map(|(name, max)| {
            let short = FormatError::Short(name);
            let Some((length, after)) = rest.split_first_chunk() else {
                return Err(short);
            };
            let bytes = u32::from_le_bytes(*length) as usize;
            check(name, bytes, max)?;
            let (part, after) = after.split_at_checked(bytes).ok_or(short)?;
            rest = after;
            Ok(part.to_vec())
        });
        let parts = Parts {
            manifest: manifest?,
            component: component?,
            cases: cases?,
            signatures: signatures?,
        };
        match rest.len() {
            0 => Ok(parts),
            more => Err(FormatError::Long(more)),
        }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut file = MARK.to_vec();
        for part in self.all() {
            let length = u32::try_from(part.len()).expect("parts are far below 4 GiB");
            file.extend_from_slice(&length.to_le_bytes());
            file.extend_from_slice(part);
        }
        file
    }

    /// Whether every part is small enough.
    pub(super) fn check(&self) -> Result<(), FormatError> {
        let mut all = self.all().into_iter().zip(PARTS);
        all.try_for_each(|(part, (name, max))| check(name, part.len(), max))
    }

    fn all(&self) -> [&Vec<u8>; 4] {
        [
            &self.manifest,
            &self.component,
            &self.cases,
            &self.signatures,
        ]
    }
}

fn check(name: &'static str, bytes: usize, max: usize) -> Result<(), FormatError> {
    match bytes <= max {
        true => Ok(()),
        false => Err(FormatError::Large { name, bytes, max }),
    }
}
