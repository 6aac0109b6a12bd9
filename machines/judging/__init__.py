"""Histories from outside: read, judged by the judges of the model, told in words and shown on a page."""
