//! Every input that was ever worth keeping, checked in the normal build: those that reached new
//! code, and those that once broke a promise, which have sentences for names.

use std::fs;
use std::path::Path;

use plimsoll_fuzz::TARGETS;

#[test]
fn every_kept_input_keeps_every_promise() {
    for (name, check) in TARGETS {
        let folder = Path::new("kept").join(name);
        let files = fs::read_dir(&folder).expect("each target has its folder");
        let mut count = 0;
        for file in files {
            let path = file.expect("it can be read").path();
            let input = fs::read(&path).expect("it can be read");
            let checked = std::panic::catch_unwind(|| check(&input));
            assert!(checked.is_ok(), "{} breaks a promise", path.display());
            count += 1;
        }
        assert!(count > 0, "nothing is kept for {name}");
    }
}
