/** The trace format as tables: its records, its header, and a recording byte by byte. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { domainNames } from "@pyrena/abi";
import { type RecordFormat, recordFormats, tagOf } from "@pyrena/trace";
import type { JSX } from "preact";
import { folderOfPackage } from "../shared/built.ts";
import { Inline } from "../shared/Inline.tsx";
import { Table } from "../shared/Table.tsx";
import { dissect, exampleTrace } from "./example.ts";

/** All kinds of records. */
export function Records(): JSX.Element {
  return (
    <Table
      label="Kinds of records"
      head={["tag", "record", "fields, in this order", "meaning"]}
      named={false}
      rows={recordFormats.map((format) => [
        tagsOf(format),
        <code key="name">{format.name}</code>,
        format.fields.map(({ name, type, help }) => (
          <div key={name} class="ref-field">
            <code>{name}</code> {type}: {help}
          </div>
        )),
        format.help,
      ])}
    />
  );
}

function tagsOf({ op, perDomain }: RecordFormat): string {
  const domains = perDomain ? domainNames.map((_name, domain) => domain) : [0];
  return domains.map((domain) => `0x${tagOf(op, domain).toString(16).padStart(2, "0")}`).join(" ");
}

/** What the JSON at the start says, by the docstrings of its type. */
export function Header(): JSX.Element {
  const source = readFileSync(join(folderOfPackage("@pyrena/trace"), "src/format.ts"), "utf8");
  const fields = ["TraceHeader", "TracePymalloc"].flatMap((name) => {
    const body = source.split(`export interface ${name} {`)[1]!.split("\n}")[0]!;
    const prefix = name === "TracePymalloc" ? "pymalloc." : "";
    return [...body.matchAll(/(?:\/\*\*(.*?)\*\/\s*)?readonly (\w+): (.*);/g)].map(
      ([, help = "", field, type]) => [
        <code key="name">{prefix + field}</code>,
        <code key="type">{type}</code>,
        <Inline key="help" text={help.trim()} />,
      ],
    );
  });
  return <Table label="Keys of the header" head={["key", "type", ""]} rows={fields} />;
}

/** A recording, byte by byte. */
export function Bytes(): JSX.Element {
  return (
    <Table
      label="A recording, byte by byte"
      head={["offset", "bytes", "field", "meaning"]}
      named={false}
      kind="ref-bytes"
      rows={dissect(exampleTrace()).map(({ offset, bytes, what, meaning, begins }) => [
        begins ? <b>{offset}</b> : offset,
        <code key="bytes">{hex(bytes)}</code>,
        begins ? <b>{what}</b> : what,
        meaning,
      ])}
    />
  );
}

function hex(bytes: Uint8Array): string {
  const shown = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0"));
  return `${shown.join(" ")}${bytes.length > 8 ? " …" : ""}`;
}

/** Domains by number, as tags have them. */
export function Domains(): JSX.Element {
  return (
    <>
      {domainNames.map((name, domain) => (
        <span key={name}>
          {domain > 0 && ", "}
          {domain} = {name}
        </span>
      ))}
    </>
  );
}
