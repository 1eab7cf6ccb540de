-- Takes back 0006. What was asked, and who answered, is unknown afterwards; runs that wait for an answer go on without.
DROP TABLE carillon.run_question;
