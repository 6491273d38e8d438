"""src/breakglass_aws/engine/evidence/manifest.py: The evidence is altered after it was sealed.

queue-locked
"""

_true_seal = seal


def seal(folder, others=()):
    found = _true_seal(folder, others)
    path = folder / "evidence.json"
    if path.exists():
        path.write_text(path.read_text(encoding="utf-8").replace("engineer", "operator") + "\n", encoding="utf-8")
    return found
