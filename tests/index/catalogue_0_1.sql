-- The catalogue of an index of two files, as version 0.1.0 made it; the vectors are left out.
BEGIN TRANSACTION;
CREATE TABLE embeddings (
    embedding INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, passage BLOB NOT NULL, sentences BLOB NOT NULL);
INSERT INTO "embeddings" VALUES(1,X'6B17E61FC42C7B3A9BC04796F13D22D63AAC985A138C8544D342BCCF9453988A',zeroblob(1536),zeroblob(1536));
INSERT INTO "embeddings" VALUES(2,X'C5CD7657D4C68A02DC58FFC04579D73B1B25E36F3FC3EE0DE72CCDF8FADD4717',zeroblob(1536),zeroblob(3072));
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO "meta" VALUES('format','1');
INSERT INTO "meta" VALUES('embedder','all-MiniLM-L6-v2:53aa51172d142c89:256+late');
INSERT INTO "meta" VALUES('dimension','384');
INSERT INTO "meta" VALUES('chunker','sentences-1:200');
CREATE TABLE passages (
    row INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL, embedding INTEGER NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, section TEXT, sentences TEXT NOT NULL, pages TEXT NOT NULL,
    text TEXT NOT NULL);
INSERT INTO "passages" VALUES(1,1,1,0,41,NULL,'[0,41]','[]','The ferry runs until nine in the evening.');
INSERT INTO "passages" VALUES(2,2,2,0,59,'The mill','[10,37,38,59]','[]','The mill

The mill was built in 1859. It cost 1,400 pounds.');
CREATE TABLE state (generation INTEGER NOT NULL, published INTEGER NOT NULL, pruned INTEGER NOT NULL);
INSERT INTO "state" VALUES(2,2,2);
CREATE TABLE texts (
    version INTEGER PRIMARY KEY, text TEXT NOT NULL, pages TEXT NOT NULL, sections TEXT NOT NULL);
INSERT INTO "texts" VALUES(1,'The ferry runs until nine in the evening.','[]','[]');
INSERT INTO "texts" VALUES(2,'The mill

The mill was built in 1859. It cost 1,400 pounds.','[]','[[0,"The mill"]]');
CREATE TABLE versions (
    version INTEGER PRIMARY KEY AUTOINCREMENT,
    document TEXT NOT NULL, title TEXT NOT NULL, source TEXT NOT NULL, sha256 TEXT NOT NULL,
    passages INTEGER NOT NULL, characters INTEGER NOT NULL, pages INTEGER, metadata TEXT NOT NULL,
    size INTEGER, mtime_ns INTEGER, added INTEGER NOT NULL, removed INTEGER);
INSERT INTO "versions" VALUES(1,'notes/ferry.txt','ferry','/library/notes/ferry.txt','4ba607519001d1cb3656685c3244c16e927faf2610de747535557115d6797a75',1,41,NULL,'{"media_type":"text/plain"}',42,1796088151410519028,1,NULL);
INSERT INTO "versions" VALUES(2,'notes/mill.md','The mill','/library/notes/mill.md','b624cd2293a9ed959fd91bfd4121877e02f0617eea14c61f47d4c5737fa7ab69',1,59,NULL,'{"media_type":"text/markdown"}',62,1796088151410519028,2,NULL);
CREATE UNIQUE INDEX versions_live ON versions (document) WHERE removed IS NULL;
CREATE INDEX versions_removed ON versions (removed) WHERE removed IS NOT NULL;
CREATE INDEX versions_added ON versions (added);
CREATE INDEX passages_version ON passages (version);
CREATE INDEX passages_embedding ON passages (embedding);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('versions',2);
INSERT INTO "sqlite_sequence" VALUES('passages',2);
COMMIT;
