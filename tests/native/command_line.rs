//! `unroll` as a program: what it prints, what it leaves behind, how it ends.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::Value;

use crate::bench::fox;

/// A folder of its own for each test, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("unroll-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a temporary folder");
        Folder(path)
    }

    fn with_text() -> Self {
        let folder = Self::new();
        folder.put("text.txt", fox().as_bytes());
        folder
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).expect("a file in the temporary folder");
    }

    /// What stands in it, in order.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the temporary folder");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn unroll(&self, arguments: &str) -> Output {
        command(&self.0, arguments).output().expect("unroll runs")
    }

    /// Its standard output, when all goes well.
    fn succeeds(&self, arguments: &str) -> String {
        let output = self.unroll(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Its standard error and exit code, when it does not.
    fn fails(&self, arguments: &str) -> (String, Option<i32>) {
        let output = self.unroll(arguments);
        (String::from_utf8(output.stderr).expect("UTF-8"), output.status.code())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn command(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unroll"));
    command.current_dir(folder).args(arguments.split_whitespace());
    command
}

const TINY: &str = "train --text text.txt --hidden 16 --batch 4 --context 16 --lr 0.01 --steps 30 --eval-every 20";

#[test]
fn training_prints_json_lines_and_saves_a_model_that_writes_and_is_measured() {
    let folder = Folder::with_text();
    let printed = folder.succeeds(&format!("{TINY} --json --save model.safetensors"));
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |key: &str| -> Vec<(u64, f64)> {
        let with = lines.iter().filter_map(|line| Some((line["step"].as_u64()?, line[key].as_f64()?)));
        with.collect()
    };
    let (training, validation) = (of("train_loss"), of("val_loss"));
    assert_eq!(training.iter().map(|loss| loss.0).collect::<Vec<_>>(), (1..=30).collect::<Vec<_>>());
    assert_eq!(validation.iter().map(|loss| loss.0).collect::<Vec<_>>(), [20, 30]);
    assert!(training[29].1 < training[0].1 && validation[1].1 < validation[0].1, "{printed}");
    let last = lines.last().expect("lines");
    // 4·16·(29 + 16 + 2) + 29·16 + 29: letters, space, full stop and line end.
    assert_eq!((last["done"].as_bool(), last["params"].as_u64()), (Some(true), Some(3501)));
    assert!(last["tokens_per_second"].as_f64().is_some_and(|speed| speed > 0.0));
    assert_eq!(lines.len(), 33);
    assert_eq!(folder.files(), ["model.safetensors", "text.txt"]);

    let sample = "sample --model model.safetensors --prompt the --length 40 --seed 5";
    let written = folder.succeeds(sample);
    assert!(written.starts_with("the") && written.chars().count() == 3 + 40 + 1, "{written}");
    assert!(written.chars().all(|symbol| fox().contains(symbol)));
    assert_eq!(folder.succeeds(sample), written);
    assert_ne!(folder.succeeds(&format!("{sample}5")), written);

    let loss: f64 = folder.succeeds("eval --model model.safetensors --text text.txt").trim().parse().expect("a number");
    assert!((loss - validation[1].1).abs() < 0.2, "{loss}");
    let json: Value =
        serde_json::from_str(&folder.succeeds("eval --model model.safetensors --text text.txt --json")).expect("JSON");
    assert!((json["val_loss"].as_f64().expect("a loss") - loss).abs() < 1e-3);
}

#[test]
fn every_cell_depth_schedule_and_device_is_trained() {
    let folder = Folder::with_text();
    for more in [
        "--cell rnn --layers 2 --dropout 0.1",
        "--cell gru --layers 3 --schedule cosine --warmup 5",
        "--init orthogonal --forget-bias 1 --tie-weights --vocabulary byte --threads 2",
    ] {
        let printed = folder.succeeds(&format!("{TINY} {more} --json"));
        assert!(printed.lines().last().is_some_and(|line| line.contains("\"done\":true")), "{more}: {printed}");
    }
}

#[test]
fn a_person_gets_figures_in_words() {
    let printed = Folder::with_text().succeeds(TINY);
    assert!(printed.contains("parameters") && printed.contains("step     30") && printed.contains("nats"), "{printed}");
}

#[test]
fn a_seed_prints_the_same_losses_again() {
    let folder = Folder::with_text();
    let losses = || {
        let printed = folder.succeeds(&format!("{TINY} --json --seed 9"));
        printed.lines().filter(|line| line.contains("train_loss")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(losses(), losses());
}

#[test]
fn threads_change_no_loss_but_in_its_last_digits_and_repeat_themselves() {
    let folder = Folder::with_text();
    let losses = |threads: usize| {
        let printed = folder.succeeds(&format!("{TINY} --json --threads {threads}"));
        let lines = printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter_map(|line| line["train_loss"].as_f64()).collect::<Vec<_>>()
    };
    let (one, three) = (losses(1), losses(3));
    assert_eq!(three, losses(3));
    assert_eq!(one.len(), three.len());
    for (one, three) in one.iter().zip(&three) {
        assert!((one - three).abs() < 1e-3, "{one} {three}");
    }
}

#[test]
fn where_the_system_refuses_threads_one_does_the_work_of_all() {
    let folder = Folder::with_text();
    let arguments = format!("{TINY} --json --threads 3");
    let losses = |printed: &str| {
        let lines = printed.lines().filter(|line| line.contains("train_loss")).map(str::to_owned);
        lines.collect::<Vec<_>>()
    };
    // No system has room for such a stack.
    let output = command(&folder.0, &arguments).env("RUST_MIN_STACK", (1u64 << 50).to_string()).output();
    let output = output.expect("unroll runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(losses(&String::from_utf8_lossy(&output.stdout)), losses(&folder.succeeds(&arguments)));
}

#[test]
fn what_goes_wrong_is_one_sentence_and_nothing_is_left_behind() {
    let folder = Folder::with_text();
    folder.put("empty.txt", b"");
    folder.put("picture.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    folder.put("bad.txt", b"good until \xff here");
    folder.put("zero.txt", b"good until \0 here");
    folder.put("large.txt", &vec![b'a'; 21 << 20]);
    let before = folder.files();
    let save = "--save out.safetensors";
    for (arguments, word) in [
        (format!("train --text nowhere.txt {save}"), "nowhere.txt"),
        (format!("train --text . {save}"), "."),
        (format!("train --text empty.txt {save}"), "empty"),
        (format!("train --text picture.txt {save}"), "PNG"),
        (format!("train --text bad.txt {save}"), "UTF-8"),
        (format!("train --text zero.txt {save}"), "11"),
        (format!("train --text large.txt {save}"), "20"),
        (format!("{TINY} --hidden 4 {save}").replacen("--hidden 16 ", "", 1), "4"),
        (format!("{TINY} {save}").replacen("--lr 0.01", "--lr -1", 1), "-1"),
        (format!("{TINY} --split 2 {save}"), "2"),
        (format!("{TINY} --threads 0 {save}"), "0"),
        (format!("{TINY} {save}").replacen("--batch 4", "--batch 200", 1), "200"),
        (format!("{TINY} --save no/such/folder.safetensors"), "folder.safetensors"),
        (format!("{TINY} {save} --weight-decay 1").replacen("--lr 0.01", "--lr 10", 1).replacen("30", "300", 1), "10"),
        (format!("{TINY} --save out/"), "out/"),
        (format!("{TINY} --save ."), "."),
        (format!("{TINY} --save .."), ".."),
        ("train --text /dev/zero".to_owned(), "20"),
        ("sample --model /dev/zero --prompt a --length 5".to_owned(), "model"),
        ("sample --model text.txt --prompt a --length 5".to_owned(), "model"),
        ("sample --model nowhere --prompt a --length 5".to_owned(), "nowhere"),
        ("eval --model text.txt --text text.txt".to_owned(), "model"),
    ] {
        let (said, code) = folder.fails(&arguments);
        assert_eq!(code, Some(1), "{arguments}: {said}");
        assert!(said.trim_end().lines().count() == 1 && said.contains(word), "{arguments}: {said}");
        assert_eq!(folder.files(), before, "{arguments}");
    }
}

#[test]
fn a_name_of_nothing_is_no_place_to_save_to() {
    let folder = Folder::with_text();
    let mut command = command(&folder.0, TINY);
    let output = command.args(["--save", ""]).output().expect("unroll runs");
    assert_eq!(output.status.code(), Some(2));
    // Before a step was made.
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert_eq!(folder.files(), ["text.txt"]);
}

#[test]
fn a_text_may_come_through_a_pipe() {
    let folder = Folder::with_text();
    let arguments = format!("{TINY} --json").replacen("text.txt", "/dev/stdin", 1);
    let text = fs::File::open(folder.0.join("text.txt")).expect("the text");
    let output = command(&folder.0, &arguments).stdin(text).output().expect("unroll runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn no_steps_at_all_leave_the_model_as_it_was_drawn() {
    let folder = Folder::with_text();
    let none = TINY.replacen("--steps 30", "--steps 0", 1);
    let printed = folder.succeeds(&format!("{none} --json --save none.safetensors"));
    assert_eq!(printed.lines().count(), 1, "{printed}");
    assert!(printed.contains("\"done\":true"), "{printed}");
    folder.succeeds(&format!("{TINY} --save some.safetensors"));
    let read = |name: &str| fs::read(folder.0.join(name)).expect("a model");
    assert_ne!(read("none.safetensors"), read("some.safetensors"));
}

#[test]
fn a_model_whose_loss_is_no_number_is_an_error_and_not_silence() {
    let folder = Folder::with_text();
    folder.succeeds(&format!("{TINY} --save m.safetensors"));
    let path = folder.0.join("m.safetensors");
    let mut model = fs::read(&path).expect("the model");
    let header = u64::from_le_bytes(*model.first_chunk().expect("its size")) as usize;
    for value in model[8 + header..].chunks_exact_mut(4) {
        value.copy_from_slice(&3e38f32.to_le_bytes());
    }
    fs::write(&path, model).expect("the model");
    for arguments in ["eval --model m.safetensors --text text.txt", "eval --model m.safetensors --text text.txt --json"]
    {
        let (said, code) = folder.fails(arguments);
        assert_eq!((code, said.trim_end().lines().count()), (Some(1), 1), "{said}");
        assert!(said.contains("finite"), "{said}");
    }
}

#[test]
fn wrong_usage_ends_with_two() {
    let folder = Folder::with_text();
    for arguments in
        ["", "train", "fly", "train --text text.txt --cell transformer", "train --text text.txt --steps many"]
    {
        assert_eq!(folder.fails(arguments).1, Some(2), "{arguments}");
    }
}

#[test]
fn symbols_that_the_model_does_not_know_are_named() {
    let folder = Folder::with_text();
    folder.succeeds(&format!("{TINY} --save m.safetensors"));
    folder.put("other.txt", "the öx".as_bytes());
    let (said, code) = folder.fails("eval --model m.safetensors --text other.txt");
    assert!(code == Some(1) && said.contains('ö'), "{said}");
    let sampled = folder.unroll("sample --model m.safetensors --prompt theÖ --length 5");
    assert!(sampled.status.success());
    assert!(String::from_utf8_lossy(&sampled.stderr).contains('Ö'));
}

#[test]
fn a_model_that_was_there_stays_when_training_fails() {
    let folder = Folder::with_text();
    folder.put("model.safetensors", b"the old one");
    folder.fails(&format!("{TINY} --hidden 9999 --save model.safetensors").replacen("--hidden 16 ", "", 1));
    assert_eq!(fs::read(folder.0.join("model.safetensors")).expect("the file"), b"the old one");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::with_text();
    let mut child = command(&folder.0, &format!("{TINY} --json"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("unroll runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("unroll ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}
