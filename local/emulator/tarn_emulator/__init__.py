"""Tarn's local AWS: moto in server mode, with what it lacks added and Glue jobs really run."""
