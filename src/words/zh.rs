use super::number::{bytes, grouped, setting as figure};
use crate::protocol::{Setting, Trouble};

pub fn setting(setting: Setting) -> &'static str {
    match setting {
        Setting::Layers => "层数",
        Setting::Hidden => "隐藏单元数",
        Setting::Dropout => "Dropout",
        Setting::ForgetBias => "遗忘门偏置",
        Setting::Batch => "批大小",
        Setting::Context => "上下文长度",
        Setting::LearningRate => "学习率",
        Setting::Clip => "梯度裁剪",
        Setting::WeightDecay => "权重衰减",
        Setting::EvalEvery => "验证间隔步数",
        Setting::Split => "训练部分比例",
        Setting::Temperature => "温度",
        Setting::Length => "长度",
        Setting::Threads => "线程数",
    }
}

pub fn trouble(trouble: &Trouble) -> String {
    match trouble {
        Trouble::TextEmpty => "文本是空的，请粘贴或选择一段有内容的文本。".to_owned(),
        Trouble::TextTooShort { tokens, needed, batch, context } => format!(
            "文本太短：只有 {} 个 token，而批大小 {batch}、上下文 {context} 至少需要 {} 个。请换一段更长的文本，或减小批大小、缩短上下文。",
            grouped(*tokens as u64),
            grouped(*needed as u64),
        ),
        Trouble::TextTooLarge { bytes: size, limit } => {
            format!("文本太大：有 {}，上限是 {}。请只取其中一部分。", bytes(*size), bytes(*limit))
        }
        Trouble::NotText { kind } => format!("这不是文本，而是 {kind}。请使用 UTF-8 编码的纯文本文件。"),
        Trouble::InvalidUtf8 { offset } => format!(
            "文本不是有效的 UTF-8，第一处错误在第 {} 字节。请用编辑器另存为 UTF-8 后再试。",
            grouped(*offset as u64)
        ),
        Trouble::NulByte { offset } => format!(
            "第 {} 字节处有 NUL 字符，这多半不是文本文件。请使用 UTF-8 编码的纯文本文件。",
            grouped(*offset as u64)
        ),
        Trouble::TooManySymbols { symbols, limit } => format!(
            "文本里有 {} 种不同的符号，最多只能学习 {} 种。请改用字节词表。",
            grouped(*symbols as u64),
            grouped(*limit as u64)
        ),
        Trouble::NoText => "还没有文本，请先选一段。".to_owned(),
        Trouble::OutOfRange { setting: which, value, low, high } => {
            format!("“{}”不能是 {value}，请取 {} 到 {} 之间的值。", setting(*which), figure(*low), figure(*high))
        }
        Trouble::TooLargeForDevice { needed_bytes, available_bytes } => format!(
            "这组设置需要 {} 内存，而设备只有 {}。请减少隐藏单元或层数、减小批大小或缩短上下文。",
            bytes(*needed_bytes),
            bytes(*available_bytes)
        ),
        Trouble::NoModel => "还没有模型，请先建一个。".to_owned(),
        Trouble::NotAModel { reason } => {
            format!("这个文件不是可以载入的模型（{reason}）。请使用在这里保存的 safetensors 文件。")
        }
        Trouble::UnknownSymbols { symbols } => {
            format!("模型没见过{}，已略去。只能使用它学过的文本里出现过的符号。", listed(symbols))
        }
        Trouble::Diverged { step, learning_rate } => format!(
            "训练在第 {} 步发散了（学习率 {}）。最后一份正常的权重还在，可以降低学习率从那里继续。",
            grouped(*step),
            figure(*learning_rate)
        ),
        Trouble::NothingToRecover => "没有可以退回的正常权重，请降低学习率重新开始。".to_owned(),
        Trouble::NoWebGpu { reason } => format!("这里用不了 WebGPU（{reason}），已改用 CPU。"),
        Trouble::NoTimestampQuery => "显卡不支持引擎所需的 timestamp-query，已改用 CPU。".to_owned(),
        Trouble::DeviceLost { reason } => {
            format!("图形设备断开了（{reason}）。请重新启动引擎，文本和设置都还在。")
        }
        Trouble::OutOfMemory => "设备内存不足。请减少隐藏单元、减小批大小或缩短上下文，再重新启动引擎。".to_owned(),
        Trouble::WorkerDied { reason } => format!("引擎意外停止了（{reason}）。请重新启动，文本和设置都还在。"),
        Trouble::EngineFailedToLoad { reason } => format!("引擎没能载入（{reason}）。请检查网络后重新启动。"),
        Trouble::CannotRead { name, reason } => {
            format!("无法读取 {name}（{reason}）。请检查文件名以及是否有权打开。")
        }
        Trouble::CannotWrite { name, reason } => {
            format!("无法写入 {name}（{reason}）。请检查目标文件夹和剩余空间。")
        }
    }
}

/// The first few symbols, quoted.
fn listed(symbols: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut text: String = symbols.iter().take(SHOWN).map(|s| format!("“{s}”")).collect();
    if symbols.len() > SHOWN {
        text.push_str(&format!("等 {} 种符号", grouped(symbols.len() as u64)));
    }
    text
}
