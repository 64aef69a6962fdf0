"""The same job done by Vigie and by what people would use instead, on one topic of a real Apache Kafka.

``__main__`` the rounds and the command, ``rivaux`` who is measured and how each is set, ``processus`` one run of one of
them, ``plan`` what the answer must be, ``lecture`` what each of them answered, ``tableau`` what is shown; the other
files are the rivals. These run in an environment of their own (``requirements.txt``): they import ``commun`` and
nothing else of Vigie.
"""
