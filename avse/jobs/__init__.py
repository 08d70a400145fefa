"""Many independent jobs on one machine or several, with a journal of what was done."""
