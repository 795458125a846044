//! A model as a safetensors file, in PyTorch's names and shapes.
//!
//! The tensors are those of `torch.nn.RNN`, `GRU` or `LSTM` named `rnn`, and a `torch.nn.Linear` named `head`. What
//! else is needed to go on stands in the metadata, whose values are strings: `unroll` (this format's version),
//! `vocabulary`, `model` and `train` (as JSON), `step`.

use std::collections::HashMap;

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::de::DeserializeOwned;

use super::{LanguageLayout, Slot, Weights};
use crate::{
    protocol::{ModelConfig, TrainConfig, Trouble},
    text::Vocabulary,
};

/// Raised when an older reader would misread a file.
const VERSION: &str = "1";

/// A model with what it takes to use it and to go on training.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    pub weights: Weights,
    /// As many symbols as the weights have.
    pub vocabulary: Vocabulary,
    pub train: Option<TrainConfig>,
    /// Steps trained.
    pub step: u64,
}

/// The bytes of a file.
///
/// # Errors
/// `CannotWrite` when the format refuses what it is given.
pub fn to_safetensors(saved: &Saved) -> Result<Vec<u8>, Trouble> {
    let failed = |reason: String| Trouble::CannotWrite { name: "model.safetensors".to_owned(), reason };
    let slots = saved.weights.layout().slots();
    let buffers: Vec<Vec<u8>> = slots.iter().map(|slot| bytes(slot, saved.weights.slot(slot))).collect();
    let mut views = Vec::with_capacity(slots.len());
    for (slot, buffer) in slots.iter().zip(&buffers) {
        let view = TensorView::new(Dtype::F32, slot.shape(), buffer).map_err(|error| failed(error.to_string()))?;
        views.push((slot.name.as_str(), view));
    }
    let json = |text: Result<String, serde_json::Error>| text.map_err(|error| failed(error.to_string()));
    let mut metadata = HashMap::from([
        ("unroll".to_owned(), VERSION.to_owned()),
        ("vocabulary".to_owned(), json(serde_json::to_string(&saved.vocabulary))?),
        ("model".to_owned(), json(serde_json::to_string(saved.weights.config()))?),
        ("step".to_owned(), saved.step.to_string()),
    ]);
    if let Some(train) = &saved.train {
        metadata.insert("train".to_owned(), json(serde_json::to_string(train))?);
    }
    safetensors::serialize(views, Some(metadata)).map_err(|error| failed(error.to_string()))
}

/// Reads a file that anybody may have made.
///
/// # Errors
/// `NotAModel` with what is wrong: no safetensors file, no metadata of ours, settings out of range, a vocabulary of
/// another size, a tensor that is missing, of another shape or type, or with a number that is not finite.
pub fn from_safetensors(file: &[u8]) -> Result<Saved, Trouble> {
    read(file).map_err(|reason| Trouble::NotAModel { reason })
}

fn read(file: &[u8]) -> Result<Saved, String> {
    let (_, header) = SafeTensors::read_metadata(file).map_err(|error| format!("no safetensors file ({error})"))?;
    let tensors = SafeTensors::deserialize(file).map_err(|error| format!("no safetensors file ({error})"))?;
    let empty = HashMap::new();
    let metadata = header.metadata().as_ref().unwrap_or(&empty);
    match metadata.get("unroll").map(String::as_str) {
        Some(VERSION) => {}
        Some(version) => return Err(format!("it is of format version {version:.20}, this program reads {VERSION}")),
        None => return Err("its metadata has no vocabulary and settings of this program".to_owned()),
    }
    let config: ModelConfig = parsed(metadata, "model")?;
    config.check().map_err(|trouble| format!("its settings are out of range ({trouble:?})"))?;
    let vocabulary: Vocabulary = parsed(metadata, "vocabulary")?;
    let train: Option<TrainConfig> =
        if metadata.contains_key("train") { Some(parsed(metadata, "train")?) } else { None };
    if let Some(train) = &train {
        train.check().map_err(|trouble| format!("its training settings are out of range ({trouble:?})"))?;
    }
    let step = match metadata.get("step") {
        Some(step) => step.parse().map_err(|_| "its step is no number".to_owned())?,
        None => 0,
    };
    let layout = LanguageLayout::new(&config, vocabulary.len());
    // Every tensor is looked at before memory for the whole model is taken, which settings alone could make huge.
    for slot in layout.slots() {
        let tensor = tensors.tensor(&slot.name).map_err(|_| format!("the tensor {} is missing", slot.name))?;
        if tensor.dtype() != Dtype::F32 {
            return Err(format!("the tensor {} holds {:?}, not F32", slot.name, tensor.dtype()));
        }
        if tensor.shape() != slot.shape() {
            return Err(format!("the tensor {} is {:?}, expected {:?}", slot.name, tensor.shape(), slot.shape()));
        }
    }
    let mut weights = Weights::zeros(&config, vocabulary.len());
    for slot in layout.slots() {
        let tensor = tensors.tensor(&slot.name).map_err(|_| format!("the tensor {} is missing", slot.name))?;
        fill(slot, tensor.data(), weights.slot_mut(slot))?;
    }
    Ok(Saved { weights, vocabulary, train, step })
}

fn parsed<T: DeserializeOwned>(metadata: &HashMap<String, String>, key: &str) -> Result<T, String> {
    let text = metadata.get(key).ok_or_else(|| format!("its metadata has no {key}"))?;
    serde_json::from_str(text).map_err(|error| format!("its {key} cannot be read ({error})"))
}

/// A weight as PyTorch lays it out, little-endian.
fn bytes(slot: &Slot, values: &[f32]) -> Vec<u8> {
    if slot.transposed {
        let column = |column: usize| values.iter().skip(column).step_by(slot.columns);
        (0..slot.columns).flat_map(column).flat_map(|value| value.to_le_bytes()).collect()
    } else {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }
}

fn fill(slot: &Slot, bytes: &[u8], place: &mut [f32]) -> Result<(), String> {
    for (index, number) in bytes.chunks_exact(4).enumerate() {
        let value = number.try_into().map_or(f32::NAN, f32::from_le_bytes);
        if !value.is_finite() {
            return Err(format!("the tensor {} holds a number that is not finite", slot.name));
        }
        let at = if slot.transposed { index % slot.rows * slot.columns + index / slot.rows } else { index };
        if let Some(here) = place.get_mut(at) {
            *here = value;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Cell, VocabularyKind};

    fn saved(tie_weights: bool) -> Saved {
        let vocabulary = Vocabulary::from_text(VocabularyKind::Char, "hello, 世界\n\"").unwrap();
        let config = ModelConfig { cell: Cell::Gru, layers: 2, hidden: 9, tie_weights, ..ModelConfig::default() };
        let weights = Weights::draw(&config, vocabulary.len());
        Saved { weights, vocabulary, train: Some(TrainConfig::default()), step: 77 }
    }

    /// The reason why a file is refused, after `change` to its tensors and metadata.
    fn refused(
        change: impl FnOnce(&mut Vec<(String, Dtype, Vec<usize>, Vec<u8>)>, &mut HashMap<String, String>),
    ) -> String {
        let file = to_safetensors(&saved(false)).unwrap();
        let mut metadata = SafeTensors::read_metadata(&file).unwrap().1.metadata().clone().unwrap();
        let read = SafeTensors::deserialize(&file).unwrap();
        let part = |(name, view): (&str, TensorView)| {
            (name.to_owned(), view.dtype(), view.shape().to_vec(), view.data().to_vec())
        };
        let mut parts: Vec<_> = read.iter().map(part).collect();
        change(&mut parts, &mut metadata);
        let views = parts
            .iter()
            .map(|(name, dtype, shape, data)| (name.as_str(), TensorView::new(*dtype, shape.clone(), data).unwrap()));
        let file = safetensors::serialize(views, Some(metadata)).unwrap();
        match from_safetensors(&file) {
            Err(Trouble::NotAModel { reason }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_gives_back_every_number_and_setting() {
        for tie_weights in [false, true] {
            let saved = saved(tie_weights);
            assert_eq!(from_safetensors(&to_safetensors(&saved).unwrap()), Ok(saved));
        }
    }

    #[test]
    fn layer_0_stands_in_the_file_as_pytorch_has_it() {
        let saved = saved(false);
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
        let names = ["rnn.weight_hh_l1", "head.bias"];
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
        for number in [f32::NAN, f32::INFINITY] {
            let reason = refused(|parts, _| parts[3].3[4..8].copy_from_slice(&number.to_le_bytes()));
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
            ("step", "-1"),
        ] {
            refused(|_, metadata| drop(metadata.insert(key.into(), value.into())));
        }
    }

    #[test]
    fn any_cut_or_changed_byte_is_read_or_refused_without_a_panic() {
        let file = to_safetensors(&saved(false)).unwrap();
        for length in (0..file.len()).step_by(97) {
            assert!(from_safetensors(&file[..length]).is_err());
        }
        for at in (0..file.len()).step_by(31) {
            let mut changed = file.clone();
            changed[at] ^= 0xFF;
            let _ = from_safetensors(&changed);
        }
        assert!(from_safetensors(b"\x89PNG\r\n\x1a\n").is_err());
    }
}
