"""The lip network: mouth motion to the speech cue, and correspondence of mouth and audio."""
