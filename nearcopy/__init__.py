"""Nearcopy: has this text been published before, where, which passages, and who had it first?"""
