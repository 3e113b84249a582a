"""What a practised hand would say of a project: rules that turn what was measured into advice in words."""
