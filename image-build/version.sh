# What an image is called, sourced with $project set: the project's version and how many commits it has.
version=${VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' "$project/pyproject.toml" | head -1).$(git -C "$project" rev-list --count HEAD)}
