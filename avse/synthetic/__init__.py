"""A synthetic talker: a drawn head whose mouth follows a synthetic voice."""
