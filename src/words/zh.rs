//! 中文。

use super::number::{bound, bytes, fixed, grouped, setting};
use super::{
    Ask, Chart, Control, Device, FineTune, Header, Heatmap, Inside, Keep, Model, Notice, Number, Plot, Refusal,
    Samples, Speed, Text, Training, Transport, UseIt, Words,
};
use crate::protocol::{DeviceKind, DeviceReason, DeviceReport, GeneratedText, Schedule, Setting, Task, Trouble};

pub static WORDS: Words = Words {
    header: Header {
        title: "Unroll：循环神经网络实验室",
        steps: "步骤",
        step: ["文本", "预训练", "看内部", "微调", "使用"],
        language: "语言：切换到英文",
        theme: ["主题：跟随系统", "主题：浅色", "主题：深色"],
    },
    device: Device {
        title: "设备",
        webgpu: "WebGPU",
        cpu: "CPU",
        opening: "正在打开",
        none: "没有引擎",
        why: device,
        choose: Control {
            label: "计算设备", help: "更换设备会重新启动引擎，训练从当前位置继续。"
        },
        auto: "自动",
        loading: "正在载入引擎",
    },
    speed: Speed {
        title: "这台机器的速度",
        explain: |batch, context| {
            format!(
                "单层 LSTM 每秒学多少字符（65 种符号，批量 {batch}，上下文 {context}）：用 Unroll 自己的算子，\
                 以及底层库 burn 的算子。其间训练会等待；不会向外发送任何内容。"
            )
        },
        open: "测一测这台机器",
        run: "测量",
        stop: "停止",
        copy: "复制为文本",
        copied: "已复制",
        progress: |done, planned| format!("{done} / {planned}"),
        failed: |reason| format!("无法测量（{reason}）。请再试一次。"),
        missing: "本站没有测速程序，或者它还在构建中。请过几分钟再试。",
        picture: "表中数字的条形图，对数刻度",
        hidden: |units| format!("{units} 个隐藏单元"),
        at_context: |context| format!("上下文 {context}"),
        no_figure: "失败了，或几秒内没有准备好。",
        file_name: "unroll-speed.txt",
    },
    transport: Transport {
        title: "训练",
        play: Control { label: "开始", help: "一直训练到暂停为止；空格键也可以。" },
        pause: Control { label: "暂停", help: "暂停训练；空格键也可以。" },
        step_once: Control { label: "单步", help: "训练一步，然后暂停。" },
        reset: Control { label: "重置", help: "按所选设置新建模型，回到第 0 步。" },
        progress: "训练进度",
        step_of: |total| match total {
            Some(total) => format!("步 / 共 {}", grouped(total)),
            None => "步".to_owned(),
        },
        epoch: "轮次",
        training: "训练",
        validation: "验证",
        gradient_norm: "梯度范数",
        speed: "字符 / 秒",
        device: "设备",
    },
    notice: Notice {
        dismiss: "知道了",
        page_stopped: "页面因自身的错误停止了。请重新载入，设置都还在。",
        reload: "重新载入",
        start_again: "重新启动引擎",
        go_on: "继续训练",
        recover: |rate| format!("以 {} 继续", setting(rate)),
        fit: "按文本调整批量和上下文",
        use_bytes: "改用字节词表",
        saved: |name| format!("模型已保存为 {name}。"),
        loaded: "模型已载入。可以继续训练，也可以直接让它写。",
        loaded_without_text: "模型已载入，但当前文本的符号与它认识的不同。可以让它写，或在第 4 步用您的文本微调它。",
        loaded_kept: "文本已读取，载入的模型仍然保留。“重新开始”会为这份文本新建模型；第 4 步可以用文本微调载入的模型。",
        passed_over: |symbols| format!("模型没见过{}，已从提示中略去。", listed(symbols)),
        newer: |names| {
            format!(
                "模型已载入，但略去了{}：文件由更新的版本保存，本版本不认识这些内容。重新加载页面可获得最新版本。",
                listed(names)
            )
        },
    },
    text: Text {
        corpora: "可供学习的文本",
        generated: "按规则生成，最低损失已知",
        corpus: |id| {
            Some(match id {
                "shakespeare" => ("莎士比亚戏剧", "素体诗与角色名，字符级语言模型的经典语料。"),
                "tang" => ("唐诗", "七到十世纪的近体诗与古体诗。"),
                "song" => ("宋词", "按词牌填写的长短句。"),
                "shijing" => ("诗经", "最早的诗歌总集，以四言为主。"),
                "names" => ("英文名", "一行一个名字，短小，学得快。"),
                "udhr" => ("世界人权宣言", "同一篇文字的 22 种语言版本。"),
                _ => return None,
            })
        },
        made: |text| match text {
            GeneratedText::Brackets => ("嵌套括号", "括号依次配对，需要一个栈。"),
            GeneratedText::Counting => ("aⁿbⁿ", "b 与 a 一样多，需要计数。"),
            GeneratedText::Sorting => ("排序", "先是一串字母，再按顺序写一遍。"),
            GeneratedText::Copy => ("复述", "隔一段再说一遍，需要记忆。"),
            GeneratedText::Addition => ("加法", "两数相加，需要进位。"),
        },
        own: "自己的文本",
        own_name: "自己的文本",
        paste: Control {
            label: "粘贴文本", help: "任何语言、任何符号都可以；内容不会离开浏览器。"
        },
        paste_here: "把文本粘贴或输入到这里，几千字以上为宜。",
        file: Control {
            label: "选择文件", help: "UTF-8 编码的纯文本，最大 20 MB；内容不会离开浏览器。"
        },
        drop: "或把文本文件拖到这里",
        remove_file: "移除文件",
        use_text: Control { label: "使用这段文本", help: "读入文本，为它新建模型并开始训练。" },
        reading: "正在读取文本",
        read_as: "读取方式",
        vocabulary: Control {
            label: "符号",
            help: "字符即 Unicode 字符；字节即 UTF-8 的字节，永远不会有不认识的符号。",
        },
        characters: "字符",
        bytes: "字节",
        split: Control { label: "训练部分", help: "文本从头起用于训练的比例，其余用于验证。" },
        report: "文本",
        size: |characters, symbols| format!("{} 个字符 · {} 种符号", grouped(characters), grouped(symbols)),
        next: |name| format!("下次开始时改用：{name}"),
        parts: |percent| format!("{}% 用于训练，{}% 用于验证", fixed(percent, 0), fixed(100.0 - percent, 0)),
        part_train: |tokens| format!("训练 {}", grouped(tokens)),
        part_validation: |tokens| format!("验证 {}", grouped(tokens)),
        alphabet: "字母表",
        more_symbols: |count| format!("另有 {} 种", grouped(count)),
        occurs: |symbol, count| format!("{symbol} 出现 {} 次", grouped(count)),
        baselines: "要超过的损失",
        baselines_help: "只会数数的模型在验证部分能达到的损失：n 元模型只看前面 n − 1 个符号。",
        n_gram: |order| format!("{order} 元"),
        uniform: "均匀分布",
        best_possible: "理论最低",
        nats: "奈特/词元",
        counting: "正在统计 n 元",
        preview: "开头",
        change: "更换",
        train_on_it: "看它学习",
    },
    number: Number {
        refused: |why, label, typed, whole, range| {
            let wrong = match why {
                Refusal::Empty => format!("“{label}”还是空的"),
                Refusal::NotANumber => format!("“{label}”：“{typed}”不是数"),
                Refusal::NotWhole | Refusal::OutOfRange => format!("“{label}”不能是 {typed}"),
            };
            let kind = if whole { "整数" } else { "数" };
            format!("{wrong}，请填 {} 到 {} 之间的{kind}。", bound(range.low), bound(range.high))
        },
    },
    model: Model {
        title: "模型",
        parameters: |count| format!("{} 个参数", grouped(count)),
        cell: Control {
            label: "循环单元", help: "RNN：一层 tanh。GRU：两个门。LSTM：三个门和一个细胞状态。"
        },
        layers: Control { label: "层数", help: "上下叠放的循环层，1 到 4 层。" },
        hidden: Control {
            label: "隐藏单元", help: "每层从一个符号带到下一个符号的数的个数，8 到 1024。"
        },
        forget_bias: Control {
            label: "遗忘门偏置", help: "初始时加到遗忘门偏置上，让 LSTM 记得更久，常取 1。"
        },
        dropout: Control {
            label: "Dropout", help: "训练时层与层之间随机丢弃的比例，两层以上才起作用。"
        },
        tie_weights: Control { label: "共享权重", help: "读入符号和写出符号共用一张表。" },
        init: Control {
            label: "初始权重", help: "像 PyTorch 那样均匀抽取，或循环权重取正交、偏置取零。"
        },
        init_pytorch: "均匀",
        init_orthogonal: "正交",
        more: "更多",
        start_over: Control {
            label: "用这些设置重新开始",
            help: "按这些设置新建模型，从第 0 步训练；现在的曲线留在图上。",
        },
        changed: "改动在下次重新开始时生效。",
    },
    training: Training {
        title: "训练",
        learning_rate: Control {
            label: "学习率", help: "每一步移动权重的幅度；训练中修改立即生效。"
        },
        batch: Control { label: "批量", help: "同时阅读的文本位置数，1 到 256。" },
        context: Control {
            label: "上下文", help: "每步读入的符号数，也是梯度回传的距离，1 到 512。"
        },
        clip: Control {
            label: "梯度裁剪", help: "允许通过的最大梯度范数；训练中修改立即生效。"
        },
        weight_decay: Control { label: "权重衰减", help: "把每个权重拉向零；0 表示关闭。" },
        schedule: Control { label: "学习率计划", help: "学习率在训练过程中如何变化。" },
        constant: "恒定",
        warmup: "预热",
        cosine: "余弦",
        steps: Control { label: "步数", help: "训练到这一步自动结束；0 表示一直训练到暂停。" },
        seed: Control {
            label: "随机种子", help: "种子和设置相同，CPU 上的训练就完全可以重现。"
        },
        live: "学习率和梯度裁剪可以边训练边改。",
    },
    plot: Plot {
        table: Control { label: "表格", help: "用数字代替图片。" },
        png: Control { label: "PNG", help: "保存图片。" },
        csv: Control { label: "CSV", help: "把图片背后的所有数值存为表格。" },
        link: Control { label: "链接", help: "复制一个地址，打开时选中同样的内容。" },
    },
    chart: Chart {
        title: "损失",
        training: "训练",
        smoothed: "训练（平滑）",
        validation: "验证",
        old_text: "旧文本",
        unit: "损失的单位",
        units: ["奈特", "比特", "困惑度"],
        units_in_full: ["奈特/词元", "比特/字符", "困惑度"],
        log_steps: Control { label: "对数步数", help: "把开头的步数画得更宽。" },
        all_steps: Control { label: "全部步数", help: "重新显示全部步数（按 0 或双击图表）。" },
        figure: Control { label: "损失下方", help: "选择在损失下方画哪个量；再点一次则不画。" },
        gradient_norm: "梯度范数",
        learning_rate: "学习率",
        speed: "字符/秒",
        at_step: |step| format!("第 {} 步", grouped(step)),
        uniform: "均匀分布",
        n_gram: |order| format!("{order} 元"),
        best_possible: "理论最低",
        earlier_runs: "以前的运行",
        toggle_run: |run| format!("显示或隐藏运行 {run}"),
        forget_run: |run| format!("从图表中移除运行 {run}"),
        step: "步",
        empty: "走完第一步，曲线就会出现。",
        described: |step, unit, training, validation| {
            let validation = validation.map(|loss| format!("，验证损失 {loss}")).unwrap_or_default();
            format!("损失随步数的变化。第 {} 步：训练损失 {training}{validation}（{unit}）。", grouped(step))
        },
        keys: "拖动选择步数范围，双击显示全部。按住 Ctrl 或 ⌘ 用滚轮缩放；点击图表后可直接用滚轮。按键：← → 移动光标，加 Shift \
               移动图表，+ − 缩放，0 显示全部。",
        rate: "学习率",
        batch: "批量",
        context: "上下文",
        clip: "裁剪",
        decay: "衰减",
        dropout: "dropout",
        forget: "遗忘门偏置",
        seed: "种子",
        tied: "共享权重",
        untied: "不共享权重",
        fine_tuned: "微调",
        from_scratch: "从头训练",
        schedule: |schedule| match schedule {
            Schedule::Constant => "恒定",
            Schedule::Warmup { .. } => "预热",
            Schedule::Cosine { .. } => "余弦",
        },
    },
    heatmap: Heatmap {
        title: "阅读时的隐藏状态",
        layer: Control { label: "层", help: "显示哪一层的隐藏状态；第 1 层直接读文本。" },
        order: Control { label: "单元", help: "从上到下：变化最慢的在前，或按网络中的编号。" },
        slowest_first: "最慢在前",
        in_sight: |rows, units| {
            if rows == units { format!("{units} 个单元") } else { format!("{units} 个单元中的 {rows} 个") }
        },
        zoom_in: "放大",
        zoom_out: "缩小",
        show_all: "显示全部，或恢复原样",
        unit: |number| format!("单元 {number}"),
        position: |number| format!("位置 {number}"),
        next: "接下来",
        scale: "颜色，从 −1 到 +1",
        symbol: "符号",
        empty: "网络阅读时的隐藏状态会显示在这里。",
        nothing_known: "模型不认识这些符号。请输入它学过的文本中有的符号。",
        described: |layer, positions, units, step| {
            format!("训练 {} 步后第 {layer} 层的隐藏状态，{positions} 个字符乘 {units} 个单元。", grouped(step))
        },
        keys: "拖动移动。按住 Ctrl 或 ⌘ 用滚轮缩放；点击图片后可直接用滚轮。按键：方向键移动光标，加 Shift 移动图片，+ − 缩放，0 \
               恢复原样。",
    },
    samples: Samples {
        title: "样例",
        at_step: |step| format!("第 {} 步", grouped(step)),
        none: "模型每一百步在这里写一段。",
        before: "之前",
        after: "之后",
        none_before: "模型遇到你的文本之前写的东西。",
        none_after: "模型边学你的文本边写的东西。",
    },
    ask: Ask {
        title: "让模型写",
        prompt: Control { label: "提示", help: "模型读完这段，接着往下写。" },
        prompt_here: "一段文字的开头",
        write: Control { label: "写", help: "用现在的模型续写。" },
        stop: Control { label: "停止", help: "停止书写。" },
        again: Control { label: "再来", help: "换一个随机种子，再写一遍。" },
        temperature: Control {
            label: "温度", help: "低于 1 更保守，高于 1 更大胆；0 总取最可能的符号。"
        },
        length: Control { label: "长度", help: "写多少个符号。" },
        top_k: Control { label: "Top-k", help: "只从最可能的 k 个符号里抽取；0 表示不限。" },
        next: "最可能的下一个",
        speed: |speed| format!("{} 字符 / 秒", grouped(speed.max(0.0).round() as u64)),
        nothing_yet: "模型写的内容会出现在这里。",
    },
    inside: Inside {
        read: Control { label: "让模型读的文本", help: "模型从零状态读起，边学边反复读。" },
        read_here: "留空则读验证部分的开头",
        explain: "每一列是模型读到的一个符号，每一行是一个单元，蓝色为 −1，红色为 +1。在许多符号上颜色不变的单元，就是记住了什么。\
                  把指针放到格子上，可以看到是哪个符号、哪个单元、值是多少，以及模型接下来预期什么。",
        next_title: "阅读",
        later: "各个门、随时间回传的梯度，以及寻找有含义的单元，以后再加。",
    },
    fine_tune: FineTune {
        text: "你的文本",
        explain: "现在的模型换一段文本接着训练。新旧两条损失都画出来，学到了什么、忘了什么，一目了然。",
        settings: "微调",
        start: Control { label: "用这段文本微调", help: "让现在的模型接着学习这段文本。" },
        new_symbols: |symbols| format!("模型新认识的符号：{}", listed(symbols)),
        old_loss: "旧文本",
        new_loss: "新文本",
    },
    use_it: UseIt {
        title: "用模型写作", later: "供传统模型使用的特征、分类、标注、翻译和对话，以后再加。"
    },
    keep: Keep {
        title: "保存模型",
        explain: "一个 safetensors 文件，含权重、词表和设置；权重名称与 PyTorch 一致。",
        save: Control { label: "保存", help: "把现在的模型下载为 safetensors 文件。" },
        load: Control { label: "载入文件", help: "从在这里保存的 safetensors 文件载入模型。" },
        present: |step, parameters| format!("{} 个参数，第 {} 步", grouped(parameters), grouped(step)),
    },
    task: |task| match task {
        Task::OpeningDevice => "正在打开设备",
        Task::ReadingText => "正在读取文本",
        Task::Baselines => "正在统计 n 元",
        Task::MeasuringDevices => "正在比较 WebGPU 与 CPU",
        Task::Compiling => "正在为 WebGPU 编译",
        Task::BuildingModel => "正在建立模型",
        Task::Evaluating => "正在验证",
    },
};

fn device(report: &DeviceReport) -> String {
    let what = match report.kind {
        DeviceKind::WebGpu => format!("训练在显卡上进行（{}）。", report.name),
        DeviceKind::Cpu => format!("训练在处理器上进行（{}）。", report.name),
    };
    let why = match &report.reason {
        DeviceReason::Chosen => "这是你选的。".to_owned(),
        DeviceReason::Suitable => "浏览器的 WebGPU 具备所需的一切。".to_owned(),
        DeviceReason::Measured => "实测它训练这个模型比另一个设备快。".to_owned(),
        DeviceReason::SlowStart => "WebGPU 为这个模型准备得太久。".to_owned(),
        DeviceReason::OnlyFit => "另一个设备放不下这个模型。".to_owned(),
        DeviceReason::NoWebGpu => "这个浏览器没有 WebGPU。".to_owned(),
        DeviceReason::NoAdapter => "浏览器有 WebGPU，但没有可用的显卡。".to_owned(),
        DeviceReason::SoftwareAdapter => "这里唯一的 WebGPU 是用处理器模拟的，比我们自己的 CPU 计算更慢。".to_owned(),
        DeviceReason::NoTimestampQuery => "显卡不支持引擎所需的 timestamp-query。".to_owned(),
        DeviceReason::Failed(words) => format!("WebGPU 启动失败：{words}。"),
    };
    format!("{what}{why}")
}

fn name(setting: Setting) -> &'static str {
    match setting {
        Setting::Layers => "层数",
        Setting::Hidden => "隐藏单元数",
        Setting::Dropout => "Dropout",
        Setting::ForgetBias => "遗忘门偏置",
        Setting::Batch => "批量",
        Setting::Context => "上下文长度",
        Setting::LearningRate => "学习率",
        Setting::Clip => "梯度裁剪",
        Setting::WeightDecay => "权重衰减",
        Setting::EvalEvery => "验证间隔步数",
        Setting::EvalTokens => "每次验证的词元数",
        Setting::Split => "训练部分比例",
        Setting::Temperature => "温度",
        Setting::Length => "长度",
        Setting::Threads => "线程数",
        Setting::Steps => "步数",
        Setting::Seed => "随机种子",
        Setting::TopK => "Top-k",
    }
}

pub fn trouble(trouble: &Trouble) -> String {
    match trouble {
        Trouble::TextEmpty => "文本是空的，请粘贴或选择一段有内容的文本。".to_owned(),
        Trouble::TextTooShort { tokens, needed, batch, context } => format!(
            "文本太短：只有 {} 个词元，而批量 {batch}、上下文 {context} 至少需要 {} 个。请换一段更长的文本，或减小批量、缩短上下文。",
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
            format!("“{}”不能是 {value}，请取 {} 到 {} 之间的值。", name(*which), bound(*low), bound(*high))
        }
        Trouble::TooLargeForDevice { needed_bytes, available_bytes } => format!(
            "这组设置需要 {} 内存，而设备只有 {}。请减少隐藏单元或层数、减小批量或缩短上下文。",
            bytes(*needed_bytes),
            bytes(*available_bytes)
        ),
        Trouble::TextReplaced => "这期间换了另一份文本，请重新建立模型。".to_owned(),
        Trouble::NoModel => "还没有模型，请先建一个。".to_owned(),
        Trouble::NotAModel { reason } => {
            format!("这个文件不是可以载入的模型（{reason}）。请使用在这里保存的 safetensors 文件。")
        }
        Trouble::OtherSymbols => {
            "模型学习时的符号与当前文本的不同。请选择它学过的文本继续训练，或用当前文本微调它。".to_owned()
        }
        Trouble::UnknownSymbols { symbols } => {
            format!("模型没见过{}，已略去。只能使用它学过的文本里出现过的符号。", listed(symbols))
        }
        Trouble::Diverged { step, base_rate } => format!(
            "训练在第 {} 步发散了（学习率 {}）。最后一份正常的权重还在，可以降低学习率从那里继续。",
            grouped(*step),
            setting(*base_rate)
        ),
        Trouble::NothingToRecover => "没有可以退回的正常权重，请降低学习率重新开始。".to_owned(),
        Trouble::ModelReplaced => "已中止：模型换成了另一个，请重新提出请求。".to_owned(),
        Trouble::NoFiniteLoss { step } => {
            format!("这个模型的损失不是有限的数：到第 {} 步时权重已经过大。请降低学习率重新训练。", grouped(*step))
        }
        Trouble::NoWebGpu { reason } => format!("这里用不了 WebGPU（{reason}），已改用 CPU。"),
        Trouble::NoTimestampQuery => "显卡不支持引擎所需的 timestamp-query，已改用 CPU。".to_owned(),
        Trouble::DeviceLost { reason } => {
            format!("图形设备断开了（{reason}）。模型还在，可以在 CPU 上继续。")
        }
        Trouble::OutOfMemory => "设备内存不足。请减少隐藏单元、减小批量或缩短上下文，再重新启动引擎。".to_owned(),
        Trouble::WorkerDied { reason } => format!("引擎意外停止了（{reason}）。请重新启动，文本和设置都还在。"),
        Trouble::UnreadableMessage { reason } => format!("页面和引擎的版本对不上（{reason}）。请重新载入页面。"),
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
        text.push_str(&format!("等 {} 个", grouped(symbols.len() as u64)));
    }
    text
}
