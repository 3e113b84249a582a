"""What a project says of the merge of a clip: settings, cast, how each frame stands."""
