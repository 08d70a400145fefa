"""Stages that recipes share: mouth crops, enhanced test mixtures, their scores, the table of results."""
