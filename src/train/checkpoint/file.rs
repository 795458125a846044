//! A checkpoint as a safetensors file.
//!
//! The model's weights stand in it under PyTorch's names (see [`crate::model::file`]). What else is needed to use it
//! stands in the metadata, whose values are strings: `unroll` (this format's version), `vocabulary`, `model` and `train`
//! (as JSON), `step`. What a training needs to go on has tensors named `training.…`: AdamW's moments under the weights'
//! names after `training.first_moment.` and `training.second_moment.`, and `training.recurrent_state` [L, S, B, H]; and
//! counts in the metadata, `training` (as JSON). PyTorch passes over it with `load_state_dict(…, strict=False)`.

use std::collections::HashMap;

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Checkpoint, TextHash, TrainingState, state_shape};
use crate::{
    model::{
        LanguageLayout, Weights,
        file::{self, StoredLayout, StoredTensor},
    },
    protocol::{Limits, ModelConfig, TrainConfig, Trouble},
    text::Vocabulary,
};

/// Raised when an older reader would misread a file.
const VERSION: &str = "1";
/// What the names of a training's tensors begin with.
const TRAINING: &str = "training.";
const FIRST_MOMENT: &str = "training.first_moment.";
const SECOND_MOMENT: &str = "training.second_moment.";
const RECURRENT_STATE: &str = "training.recurrent_state";

/// What a file held.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    pub checkpoint: Checkpoint,
    /// Names of settings and tensors that this program does not know, as of a newer one, and passed over.
    pub unknown: Vec<String>,
}

/// Where a training stands, in the metadata.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Counts {
    first_step: u64,
    optimiser_steps: u32,
    position: u64,
    dropout_draws: u64,
    /// [`TextHash`] in hexadecimal digits.
    text: String,
}

/// The bytes of a file.
///
/// # Errors
/// `CannotWrite` when the format refuses what it is given.
pub fn to_safetensors(checkpoint: &Checkpoint) -> Result<Vec<u8>, Trouble> {
    write(checkpoint)
        .map_err(|reason| Trouble::CannotWrite { name: "model.safetensors".to_owned(), reason: reason.to_string() })
}

fn write(checkpoint: &Checkpoint) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let Checkpoint { weights, vocabulary, train, first_step, step, training } = checkpoint;
    let layout = weights.layout();
    let stored = |prefix| StoredLayout { layout, prefix };
    let mut tensors = stored("").write(weights.values());
    let mut counts = Counts { first_step: *first_step, ..Counts::default() };
    if let Some(training) = training {
        tensors.extend(stored(FIRST_MOMENT).write(&training.first_moment));
        tensors.extend(stored(SECOND_MOMENT).write(&training.second_moment));
        tensors.push(StoredTensor {
            name: RECURRENT_STATE.to_owned(),
            shape: state_shape(weights.config(), train.batch).to_vec(),
            bytes: training.recurrent_state.iter().flat_map(|value| value.to_le_bytes()).collect(),
        });
        counts = Counts {
            first_step: *first_step,
            optimiser_steps: training.optimiser_steps,
            position: training.position,
            dropout_draws: training.dropout_draws,
            text: format!("{:016x}", training.text.0),
        };
    }
    let metadata = HashMap::from([
        ("unroll".to_owned(), VERSION.to_owned()),
        ("vocabulary".to_owned(), serde_json::to_string(vocabulary)?),
        ("model".to_owned(), serde_json::to_string(weights.config())?),
        ("train".to_owned(), serde_json::to_string(train)?),
        ("training".to_owned(), serde_json::to_string(&counts)?),
        ("step".to_owned(), step.to_string()),
    ]);
    let views = tensors.iter().map(|StoredTensor { name, shape, bytes }| {
        TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (name.as_str(), view))
    });
    Ok(safetensors::serialize(views.collect::<Result<Vec<_>, _>>()?, Some(metadata))?)
}

/// Reads a file that anybody may have made.
///
/// A file without the settings of a training, or with settings that only a newer program understands, begins a new
/// training with the usual ones; one without a training's state goes on with schedule and limit alone.
///
/// # Errors
/// `NotAModel` with what is wrong: no safetensors file, no metadata of ours, settings out of range, a vocabulary of
/// another size, a tensor that is missing, of another shape or type, with a number that is not finite, or one that no
/// model of these settings has.
pub fn from_safetensors(file: &[u8]) -> Result<Loaded, Trouble> {
    read(file).map_err(|reason| Trouble::NotAModel { reason })
}

fn read(file: &[u8]) -> Result<Loaded, String> {
    let (_, header) = SafeTensors::read_metadata(file).map_err(|error| format!("no safetensors file ({error})"))?;
    let tensors = SafeTensors::deserialize(file).map_err(|error| format!("no safetensors file ({error})"))?;
    let empty = HashMap::new();
    let metadata = Metadata(header.metadata().as_ref().unwrap_or(&empty));
    match metadata.get("unroll") {
        Some(VERSION) => {}
        Some(version) => return Err(format!("it is of format version {version:.20}, this program reads {VERSION}")),
        None => return Err("its metadata has no vocabulary and settings of this program".to_owned()),
    }
    let mut unknown = Vec::new();
    let config: ModelConfig = metadata.settings("model", &mut unknown)?;
    config.check().map_err(|trouble| format!("its settings are out of range: {}", described(&trouble)))?;
    let vocabulary: Vocabulary = metadata.parsed("vocabulary")?;
    let step = metadata.get("step").map_or(Ok(0), |step| step.parse().map_err(|_| "its step is no number"))?;
    within(step, "step")?;

    let layout = LanguageLayout::new(&config, vocabulary.len());
    // Every tensor is looked at before memory for the whole model is taken, which settings alone could make huge.
    StoredLayout { layout: &layout, prefix: "" }.check(&tensors)?;
    let (train, counts) = training_settings(&metadata, &mut unknown)?;
    let goes_on = counts.is_some() && tensors.tensor(RECURRENT_STATE).is_ok();
    let stored = Stored { tensors: &tensors, layout: &layout, batch: train.batch };
    if goes_on {
        stored.check_training()?;
    }
    unknown.extend(stored.unknown_tensors()?);

    let weights = Weights::from_values(layout.clone(), StoredLayout { layout: &layout, prefix: "" }.read(&tensors)?);
    let mut checkpoint = Checkpoint::beginning(weights, vocabulary, train, step);
    if let Some(counts) = counts {
        checkpoint.first_step = counts.first_step.min(step);
        if goes_on {
            checkpoint.training = Some(stored.training(&counts)?);
        }
    }
    Ok(Loaded { checkpoint, unknown })
}

/// The settings of the training that the file is of, and where it stands; of a file without, those to begin one with.
fn training_settings(
    metadata: &Metadata<'_>,
    unknown: &mut Vec<String>,
) -> Result<(TrainConfig, Option<Counts>), String> {
    if metadata.get("train").is_none() {
        return Ok((TrainConfig::default(), None));
    }
    let Ok(train) = metadata.settings::<TrainConfig>("train", unknown) else {
        unknown.push("train".to_owned());
        return Ok((TrainConfig::default(), None));
    };
    train.check().map_err(|trouble| format!("its training settings are out of range: {}", described(&trouble)))?;
    let counts: Counts = match metadata.get("training") {
        Some(_) => metadata.settings("training", unknown)?,
        None => Counts::default(),
    };
    within(counts.position, "position in the text")?;
    Ok((train, Some(counts)))
}

/// The tensors of a file.
struct Stored<'a> {
    tensors: &'a SafeTensors<'a>,
    layout: &'a LanguageLayout,
    batch: usize,
}

impl Stored<'_> {
    fn layouts(&self) -> [StoredLayout<'_>; 3] {
        ["", FIRST_MOMENT, SECOND_MOMENT].map(|prefix| StoredLayout { layout: self.layout, prefix })
    }

    fn state_shape(&self) -> [usize; 4] {
        state_shape(self.layout.config(), self.batch)
    }

    fn check_training(&self) -> Result<(), String> {
        let [_, first_moment, second_moment] = self.layouts();
        first_moment.check(self.tensors)?;
        second_moment.check(self.tensors)?;
        file::check(self.tensors, RECURRENT_STATE, &self.state_shape())
    }

    fn training(&self, counts: &Counts) -> Result<TrainingState, String> {
        let [_, first_moment, second_moment] = self.layouts();
        Ok(TrainingState {
            first_moment: first_moment.read(self.tensors)?,
            second_moment: second_moment.read(self.tensors)?,
            optimiser_steps: counts.optimiser_steps,
            recurrent_state: file::read(self.tensors, RECURRENT_STATE, &self.state_shape())?,
            position: counts.position,
            dropout_draws: counts.dropout_draws,
            text: TextHash(
                u64::from_str_radix(&counts.text, 16).map_err(|_| "the hash of its text is none".to_owned())?,
            ),
        })
    }

    /// Tensors of a training that this program does not know.
    ///
    /// # Errors
    /// A tensor that belongs to another model, which would not be the one that was saved without it.
    fn unknown_tensors(&self) -> Result<Vec<String>, String> {
        let layouts = self.layouts();
        let known = |name: &str| name == RECURRENT_STATE || layouts.iter().any(|layout| layout.holds(name));
        let others: Vec<&str> = self.tensors.names().into_iter().filter(|name| !known(name)).collect();
        match others.iter().find(|name| !name.starts_with(TRAINING)) {
            Some(name) => Err(format!("a model of its settings has no tensor {name:.100}")),
            None => Ok(others.into_iter().map(str::to_owned).collect()),
        }
    }
}

struct Metadata<'a>(&'a HashMap<String, String>);

impl Metadata<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    fn parsed<T: DeserializeOwned>(&self, key: &str) -> Result<T, String> {
        let text = self.get(key).ok_or_else(|| format!("its metadata has no {key}"))?;
        serde_json::from_str(text).map_err(|error| format!("its {key} cannot be read ({error})"))
    }

    /// The same; names of fields that `T` does not have are added to `unknown`.
    fn settings<T: Serialize + DeserializeOwned>(&self, key: &str, unknown: &mut Vec<String>) -> Result<T, String> {
        let settings: T = self.parsed(key)?;
        let known = serde_json::to_value(&settings).map_err(|error| format!("its {key} cannot be read ({error})"))?;
        unknown_fields(key, &self.parsed(key)?, &known, unknown);
        Ok(settings)
    }
}

/// Adds the paths of what `given` has and `known` has not, below `path`.
fn unknown_fields(path: &str, given: &Value, known: &Value, unknown: &mut Vec<String>) {
    let (Value::Object(given), Value::Object(known)) = (given, known) else { return };
    for (name, value) in given {
        let path = format!("{path}.{name}");
        match known.get(name) {
            Some(known) => unknown_fields(&path, value, known, unknown),
            None => unknown.push(path),
        }
    }
}

/// # Errors
/// That a count is beyond what any training reaches, and numbers of JavaScript count exactly.
fn within(count: u64, what: &str) -> Result<(), String> {
    if count <= Limits::STEPS { Ok(()) } else { Err(format!("its {what} is {count}, more than {}", Limits::STEPS)) }
}

fn described(trouble: &Trouble) -> String {
    match trouble {
        Trouble::OutOfRange { setting, value, low, high } => format!("{setting:?} is {value}, not {low} to {high}"),
        trouble => format!("{trouble:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Cell, VocabularyKind};

    fn checkpoint(tie_weights: bool) -> Checkpoint {
        let vocabulary = Vocabulary::from_text(VocabularyKind::Char, "hello, 世界\n\"").unwrap();
        let config = ModelConfig { cell: Cell::Gru, layers: 2, hidden: 9, tie_weights, ..ModelConfig::default() };
        let weights = Weights::draw(&config, vocabulary.len());
        let train = TrainConfig { batch: 3, ..TrainConfig::default() };
        let numbers = |factor: f32| StoredLayout { layout: weights.layout(), prefix: "" }.numbered(factor);
        let training = TrainingState {
            first_moment: numbers(0.5),
            second_moment: numbers(0.25),
            optimiser_steps: 66,
            recurrent_state: (0..2 * 3 * 9).map(|at| at as f32).collect(),
            position: 1234,
            dropout_draws: 5678,
            text: TextHash::of(&[1, 2, 3]),
        };
        Checkpoint { weights, vocabulary, train, first_step: 11, step: 77, training: Some(training) }
    }

    impl StoredLayout<'_> {
        /// A number of its own at every place that is a weight's, and zeros between.
        fn numbered(self, factor: f32) -> Vec<f32> {
            let mut values = vec![0.0; self.layout.len()];
            for slot in self.layout.slots() {
                for at in slot.offset..slot.offset + slot.len() {
                    values[at] = at as f32 * factor;
                }
            }
            values
        }
    }

    fn read_again(checkpoint: &Checkpoint) -> Loaded {
        from_safetensors(&to_safetensors(checkpoint).unwrap()).unwrap()
    }

    /// The tensors and the metadata of a file, changed.
    fn changed(
        change: impl FnOnce(&mut Vec<(String, Dtype, Vec<usize>, Vec<u8>)>, &mut HashMap<String, String>),
    ) -> Result<Loaded, Trouble> {
        let file = to_safetensors(&checkpoint(false)).unwrap();
        let mut metadata = SafeTensors::read_metadata(&file).unwrap().1.metadata().clone().unwrap();
        let read = SafeTensors::deserialize(&file).unwrap();
        let part = |(name, view): (&str, TensorView)| {
            (name.to_owned(), view.dtype(), view.shape().to_vec(), view.data().to_vec())
        };
        let mut parts: Vec<_> = read.iter().map(part).collect();
        parts.sort();
        change(&mut parts, &mut metadata);
        let views = parts
            .iter()
            .map(|(name, dtype, shape, data)| (name.as_str(), TensorView::new(*dtype, shape.clone(), data).unwrap()));
        from_safetensors(&safetensors::serialize(views, Some(metadata)).unwrap())
    }

    /// The reason why a file is refused, after `change` to its tensors and metadata.
    fn refused(
        change: impl FnOnce(&mut Vec<(String, Dtype, Vec<usize>, Vec<u8>)>, &mut HashMap<String, String>),
    ) -> String {
        match changed(change) {
            Err(Trouble::NotAModel { reason }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_gives_back_every_number_and_setting() {
        for tie_weights in [false, true] {
            let checkpoint = checkpoint(tie_weights);
            assert_eq!(read_again(&checkpoint), Loaded { checkpoint, unknown: Vec::new() });
        }
    }

    #[test]
    fn a_file_without_a_training_goes_on_with_its_schedule_and_limit() {
        let without = Checkpoint { training: None, first_step: 11, ..checkpoint(false) };
        assert_eq!(read_again(&without).checkpoint, without);
        // As the version before this one wrote it.
        let before = changed(|parts, metadata| {
            parts.retain(|part| !part.0.starts_with(TRAINING));
            metadata.remove("training");
        });
        let expected = Checkpoint { training: None, first_step: 0, ..checkpoint(false) };
        assert_eq!(before, Ok(Loaded { checkpoint: expected, unknown: Vec::new() }));
    }

    #[test]
    fn a_file_without_settings_of_a_training_begins_one() {
        let Ok(Loaded { checkpoint, unknown }) = changed(|_, metadata| drop(metadata.remove("train"))) else {
            panic!()
        };
        assert_eq!((checkpoint.first_step, checkpoint.step, checkpoint.training), (77, 77, None));
        assert_eq!((checkpoint.train, unknown), (TrainConfig::default(), Vec::new()));
    }

    #[test]
    fn settings_that_an_older_program_did_not_have_are_the_usual_ones() {
        let Ok(Loaded { checkpoint: read, unknown }) = changed(|_, metadata| {
            metadata.insert("model".into(), r#"{"cell":"gru","layers":2,"hidden":9}"#.into());
            metadata.insert("train".into(), r#"{"batch":3,"learning_rate":0.004}"#.into());
        }) else {
            panic!()
        };
        assert_eq!(read.train, TrainConfig { batch: 3, learning_rate: 4e-3, ..TrainConfig::default() });
        assert_eq!((read.weights, unknown), (checkpoint(false).weights, Vec::new()));
    }

    #[test]
    fn settings_of_a_newer_program_are_named_and_passed_over() {
        let with = |json: &str, field: &str| format!("{},{field}}}", json.strip_suffix('}').unwrap());
        let Ok(Loaded { checkpoint: read, mut unknown }) = changed(|parts, metadata| {
            for (key, field) in [("model", r#""window":3"#), ("train", r#""momentum":0.9"#), ("training", r#""lap":1"#)]
            {
                metadata.insert(key.into(), with(&metadata[key], field));
            }
            parts.push(("training.average".into(), Dtype::F32, vec![1], vec![0; 4]));
        }) else {
            panic!()
        };
        unknown.sort();
        assert_eq!(unknown, ["model.window", "train.momentum", "training.average", "training.lap"]);
        assert_eq!(read, checkpoint(false));
        // A schedule that this program does not have leaves a model to be used, which a new training can begin from.
        let Ok(Loaded { checkpoint: read, unknown }) =
            changed(|_, metadata| drop(metadata.insert("train".into(), r#"{"schedule":{"kind":"linear"}}"#.into())))
        else {
            panic!()
        };
        assert_eq!((read.training, read.first_step, unknown), (None, 77, vec!["train".to_owned()]));
    }

    #[test]
    fn a_tensor_that_no_model_of_these_settings_has_is_named() {
        for name in ["rnn.weight_ih_l0_reverse", "rnn.weight_hr_l0", "rnn.weight_ih_l2", "decoder.weight"] {
            let reason = refused(|parts, _| parts.push((name.into(), Dtype::F32, vec![1], vec![0; 4])));
            assert!(reason.contains(name), "{reason}");
        }
    }

    #[test]
    fn layer_0_stands_in_the_file_as_pytorch_has_it() {
        let saved = checkpoint(false);
        let file = to_safetensors(&saved).unwrap();
        let read = SafeTensors::deserialize(&file).unwrap();
        let tensor = read.tensor("rnn.weight_ih_l0").unwrap();
        let (rows, symbols) = (27, saved.vocabulary.len());
        assert_eq!(tensor.shape(), [rows, symbols]);
        let at = |index: usize| f32::from_le_bytes(tensor.data()[4 * index..4 * index + 4].try_into().unwrap());
        let slot = &saved.weights.layout().slots()[0];
        assert_eq!(at(5 * symbols + 3), saved.weights.slot(slot)[3 * rows + 5]);
    }

    #[test]
    fn a_tensor_that_is_missing_or_of_another_kind_is_named() {
        let names =
            ["rnn.weight_hh_l1", "head.bias", "training.first_moment.head.bias", "training.second_moment.head.weight"];
        for name in names {
            assert!(refused(|parts, _| parts.retain(|part| part.0 != name)).contains(name));
        }
        let shape = refused(|parts, _| parts.iter_mut().for_each(|part| part.2.reverse()));
        assert!(shape.contains("expected"), "{shape}");
        let dtype = refused(|parts, _| parts.iter_mut().for_each(|part| part.1 = Dtype::I32));
        assert!(dtype.contains("I32"), "{dtype}");
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        for (number, index) in [(f32::NAN, 3), (f32::INFINITY, 0), (f32::NAN, 13), (f32::INFINITY, 25), (f32::NAN, 20)]
        {
            let reason = refused(|parts, _| parts[index].3[4..8].copy_from_slice(&number.to_le_bytes()));
            assert!(reason.contains("not finite"), "{reason}");
        }
    }

    #[test]
    fn metadata_that_is_missing_or_wrong_is_refused() {
        assert!(refused(|_, metadata| metadata.clear()).contains("no vocabulary"));
        assert!(refused(|_, metadata| drop(metadata.insert("unroll".into(), "2".into()))).contains("version"));
        for (key, value) in [
            ("model", "{}"),
            (
                "model",
                r#"{"cell":"gru","layers":9,"hidden":9,"tie_weights":false,"dropout":0,"forget_bias":0,"init":"pytorch","seed":1}"#,
            ),
            (
                "model",
                r#"{"cell":"gru","layers":4,"hidden":1e300,"tie_weights":false,"dropout":0,"forget_bias":0,"init":"pytorch","seed":1}"#,
            ),
            ("vocabulary", "[]"),
            ("vocabulary", r#"{"kind":"char","symbols":"ab"}"#),
            ("train", r#"{"batch":0}"#),
            ("train", r#"{"eval_tokens":0}"#),
            ("training", r#"{"position":18446744073709551615}"#),
            ("training", r#"{"text":"no hash"}"#),
            ("training", "[]"),
            ("step", "-1"),
            ("step", "18446744073709551615"),
        ] {
            refused(|_, metadata| drop(metadata.insert(key.into(), value.into())));
        }
    }

    #[test]
    fn any_cut_or_changed_byte_is_read_or_refused_without_a_panic() {
        let file = to_safetensors(&checkpoint(false)).unwrap();
        for length in (0..file.len()).step_by(397) {
            assert!(from_safetensors(&file[..length]).is_err());
        }
        for at in (0..file.len()).step_by(101) {
            let mut changed = file.clone();
            changed[at] ^= 0xFF;
            let _ = from_safetensors(&changed);
        }
        assert!(from_safetensors(b"\x89PNG\r\n\x1a\n").is_err());
    }
}
