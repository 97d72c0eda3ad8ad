/**
 * A copy in memory of all that can be found, made for searching. Owns putting vendors and documents
 * where they belong; never reads from anywhere by itself. Bounded: past its bounds it says that it is
 * full, and the tables answer instead.
 */

import { DocumentTable, VENDOR } from './document-table.ts';
import type { Neighbourhood } from './neighbourhoods.ts';
import { Neighbourhoods } from './neighbourhoods.ts';
import type { ModelDocument, ModelVendor } from './rows.ts';
import { VendorTable } from './vendor-table.ts';

/** About 400 bytes each (docs/search.md says what was measured). */
export const DOCUMENTS_MAX = 2_000_000;
export const VENDORS_MAX = 200_000;
/** Room left in a neighbourhood when everything is loaded at once. */
const SLACK = 1.1;

export class ReadModel {
  readonly vendors = new VendorTable();
  readonly documents = new DocumentTable();
  readonly places = new Neighbourhoods();

  get isFull(): boolean {
    return this.documents.size > DOCUMENTS_MAX || this.vendors.size > VENDORS_MAX;
  }

  /** Fills an empty model: much faster than one by one. */
  fill(
    rows: readonly ModelVendor[],
    counts: ReadonlyMap<string, number>,
  ): { put(rows: readonly ModelDocument[]): void; finish(): void } {
    const together = new Map<Neighbourhood, ModelVendor[]>();
    // What changed while it was read is there twice; the later one counts.
    for (const row of new Map(rows.map((each) => [each.id, each])).values()) {
      const place = this.placeOf(row);
      const there = together.get(place);
      if (there === undefined) together.set(place, [row]);
      else there.push(row);
    }
    // Neighbours get neighbouring slots and numbers: a search reads columns in one go.
    for (const [place, there] of together) {
      for (const row of there) this.settle(this.vendors.put(row, place), row, place);
      const count = there.reduce((sum, { id }) => sum + (counts.get(id) ?? 0), 0);
      this.places.reserve(place, Math.ceil(count * SLACK));
    }
    const again: ModelDocument[] = [];
    return {
      put: (documents) => {
        for (const row of documents) {
          if (this.documents.numberOf(row.id) === undefined) this.putDocument(row, false);
          else again.push(row);
        }
      },
      finish: () => {
        this.documents.arrange();
        for (const row of again) this.putDocument(row);
      },
    };
  }

  /** Takes in a vendor. True: its documents must be put in again, because they have another place. */
  putVendor(row: ModelVendor): boolean {
    const known = this.vendors.slotOf(row.id);
    const before = known === undefined ? undefined : this.vendors.places[known];
    const place = this.placeOf(row);
    if (before !== undefined && known !== undefined && before !== place) {
      this.removeDocumentsOf(known, before);
      before.vendors.delete(known);
    }
    this.settle(this.vendors.put(row, place), row, place);
    return before !== place;
  }

  /** Takes in a document; one of a vendor that is not known waits in the tables until it is. */
  putDocument(row: ModelDocument, sorted = true): void {
    const { documents, vendors } = this;
    const known = documents.numberOf(row.id);
    const slot = vendors.slotOf(row.vendor);
    const stays =
      known !== undefined &&
      row.listed &&
      documents.vendor[known] === slot &&
      documents.hasWords(known, documents.readWords(row.words));
    if (stays) {
      documents.change(known, row);
      return;
    }
    if (known !== undefined) this.removeDocument(known);
    if (!row.listed || slot === undefined) return;
    const document = this.places.take(vendors.places[slot] as Neighbourhood);
    documents.put(document, row, { vendor: slot, sorted });
    if (row.type === 'vendor') vendors.document[slot] = document;
  }

  private removeDocument(document: number): void {
    const slot = this.documents.vendor[document] as number;
    if (this.documents.type[document] === VENDOR) this.vendors.document[slot] = -1;
    this.documents.remove(document);
    this.places.give(this.vendors.places[slot] as Neighbourhood, document);
  }

  private removeDocumentsOf(slot: number, place: Neighbourhood): void {
    for (const [from, to] of place.runs) {
      for (let document = from; document < to; document++) {
        if (this.documents.vendor[document] === slot) this.removeDocument(document);
      }
    }
  }

  private placeOf({ lat_e7, lon_e7 }: ModelVendor): Neighbourhood {
    return this.places.at({ latE7: lat_e7, lonE7: lon_e7 });
  }

  private settle(slot: number, row: ModelVendor, place: Neighbourhood): void {
    this.places.settle(place, slot, {
      southE7: row.south_e7,
      westE7: row.west_e7,
      northE7: row.north_e7,
      eastE7: row.east_e7,
    });
  }
}
