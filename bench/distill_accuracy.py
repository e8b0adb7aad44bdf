"""Print how right the memories are that are found without a model, on the labelled conversations.

    python bench/distill_accuracy.py [--mistakes] [FILE ...]

Without files: bench/distill/development.jsonl, on which the rules were tuned, and
bench/distill/held_out.jsonl, which was written afterwards.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from holdfast.bench.labelled import accuracy_of, read_labelled

_HERE = Path(__file__).parent / "distill"


def main() -> None:
    """Print one line a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--mistakes", action="store_true", help="print what is wrong and missed")
    asked = parser.parse_args()
    files = asked.files or [_HERE / "development.jsonl", _HERE / "held_out.jsonl"]
    for file in files:
        accuracy = accuracy_of(read_labelled(file))
        print(
            f"{file.name}: {accuracy.messages} messages, precision {accuracy.precision:.3f}, "
            f"recall {accuracy.recall:.3f} ({accuracy.right} right, {accuracy.wrong} wrong, "
            f"{accuracy.missed} missed)"
        )
        for mistake in accuracy.mistakes if asked.mistakes else ():
            print("  ", mistake)


if __name__ == "__main__":
    main()
