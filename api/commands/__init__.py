"""The commands of ``wangdian``, one subject a module."""
